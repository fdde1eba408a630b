// What the page asks for, and its types: by hand here, which is enough for a page; examples/apollo has them generated.
import { gql, type TypedDocumentNode } from "@urql/core";

export interface Deal {
  __typename: "Deal";
  id: string;
  version: number;
  name: string | null;
  status: string;
  probability: string;
  stage: { id: string; name: string } | null;
  /** Null for whoever may not see it. */
  value: { amount: string; currency: string } | null;
}

const DEAL = gql`
  fragment Deal on Deal {
    __typename
    id
    version
    name
    status
    probability
    stage {
      id
      name
    }
    value {
      amount
      currency
    }
  }
`;

export interface Deals {
  viewer: { eventCursor: string | null } | null;
  deals: {
    edges: { __typename: string; cursor: string; node: Deal }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  } | null;
}

export const DEALS: TypedDocumentNode<Deals, { after?: string | null }> = gql`
  query Deals($after: String) {
    viewer {
      # of the same moment as the list: a subscription after it misses nothing
      eventCursor
    }
    deals(first: 10, after: $after, filter: { status: { eq: OPEN } }, orderBy: [{ field: NAME }]) {
      edges {
        cursor
        node {
          ...Deal
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
  ${DEAL}
`;

export interface Again {
  node: Deal | null;
}

export const AGAIN: TypedDocumentNode<Again, { id: string }> = gql`
  query Again($id: ID!) {
    node(id: $id) {
      __typename
      id
      ...Deal
    }
  }
  ${DEAL}
`;

export interface Change {
  data: { dealUpdate: { deal: Deal | null; userErrors: { __typename: string; message: string }[] } | null };
  variables: { input: { id: string; expectedVersion: number; probability: string } };
}

export const CHANGE: TypedDocumentNode<Change["data"], Change["variables"]> = gql`
  mutation ChangeDeal($input: DealUpdateInput!) {
    dealUpdate(input: $input) {
      deal {
        id
        version
        probability
      }
      userErrors {
        __typename
        message
        # somebody else was faster: the cache takes the deal as it is now, and the row shows it
        ... on ConflictError {
          current {
            id
            ...Deal
          }
        }
      }
    }
  }
  ${DEAL}
`;

export interface Events {
  recordEvents: {
    __typename: "RecordCreated" | "RecordUpdated" | "RecordDeleted" | "StreamOpened" | "StreamReset" | "AccessRevoked";
    cursor: string;
    changedFields?: string[];
    record?: Deal | null;
  } | null;
}

export const EVENTS: TypedDocumentNode<Events, { after: string }> = gql`
  subscription DealEvents($after: EventCursor) {
    recordEvents(types: ["Deal"], after: $after) {
      __typename
      ... on Event {
        cursor
      }
      ... on RecordCreated {
        record {
          id
          ...Deal
        }
      }
      ... on RecordUpdated {
        changedFields
        record {
          id
          ...Deal
        }
      }
    }
  }
  ${DEAL}
`;
