/**
 * @generated SignedSource<<3e66d1649a042509d1ce036e060ecf1b>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
import { FragmentRefs } from "relay-runtime";
export type DealLob = "SERVICES" | "SOFTWARE" | "%future added value";
export type DealRegion = "ASIA_PACIFIC" | "EUROPE" | "LATIN_AMERICA" | "MIDDLE_EAST" | "NORTH_AMERICA" | "%future added value";
export type DealSegment = "ENTERPRISE" | "MID_MARKET" | "SMB" | "%future added value";
export type DealStatus = "LOST" | "OPEN" | "WON" | "%future added value";
export type DealUpdateInput = {
  accountId?: string | null;
  expectedCloseDate?: any | null;
  expectedVersion?: number | null;
  id: string;
  lob?: DealLob | null;
  name?: string | null;
  ownerId?: string | null;
  probability?: string | null;
  region?: DealRegion | null;
  segment?: DealSegment | null;
  value?: MoneyInput | null;
  vertical?: string | null;
};
export type MoneyInput = {
  amount: string;
  currency: string;
};
export type DealRowMutation$variables = {
  input: DealUpdateInput;
};
export type DealRowMutation$data = {
  readonly dealUpdate: {
    readonly deal: {
      readonly id: string;
      readonly probability: string;
      readonly version: number;
    } | null;
    readonly userErrors: ReadonlyArray<{
      readonly __typename: string;
      readonly current?: {
        readonly DealRow_deal: {
          readonly " $fragmentSpreads": FragmentRefs<"DealRow_deal">;
        } | null;
      } | null;
      readonly message: string;
    }>;
  } | null;
};
export type DealRowMutation$rawResponse = {
  readonly dealUpdate: {
    readonly deal: {
      readonly id: string;
      readonly probability: string;
      readonly version: number;
    } | null;
    readonly userErrors: ReadonlyArray<{
      readonly __typename: "ConflictError";
      readonly current: {
        readonly __typename: "Deal";
        readonly id: string;
        readonly name: string | null;
        readonly probability: string;
        readonly stage: {
          readonly id: string;
          readonly name: string;
        } | null;
        readonly status: DealStatus;
        readonly value: {
          readonly amount: string;
          readonly currency: string;
        } | null;
        readonly version: number;
      } | {
        readonly __typename: string;
        readonly id: string;
      } | null;
      readonly message: string;
    } | {
      readonly __typename: string;
      readonly message: string;
    }>;
  } | null;
};
export type DealRowMutation = {
  rawResponse: DealRowMutation$rawResponse;
  response: DealRowMutation$data;
  variables: DealRowMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "input"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "input",
    "variableName": "input"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "version",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "probability",
  "storageKey": null
},
v5 = {
  "alias": null,
  "args": null,
  "concreteType": "Deal",
  "kind": "LinkedField",
  "name": "deal",
  "plural": false,
  "selections": [
    (v2/*:: as any*/),
    (v3/*:: as any*/),
    (v4/*:: as any*/)
  ],
  "storageKey": null
},
v6 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "__typename",
  "storageKey": null
},
v7 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "message",
  "storageKey": null
},
v8 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "name",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "DealRowMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "DealUpdatePayload",
        "kind": "LinkedField",
        "name": "dealUpdate",
        "plural": false,
        "selections": [
          (v5/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": null,
            "kind": "LinkedField",
            "name": "userErrors",
            "plural": true,
            "selections": [
              (v6/*:: as any*/),
              (v7/*:: as any*/),
              {
                "kind": "InlineFragment",
                "selections": [
                  {
                    "alias": null,
                    "args": null,
                    "concreteType": null,
                    "kind": "LinkedField",
                    "name": "current",
                    "plural": false,
                    "selections": [
                      {
                        "fragment": {
                          "kind": "InlineFragment",
                          "selections": [
                            {
                              "args": null,
                              "kind": "FragmentSpread",
                              "name": "DealRow_deal"
                            }
                          ],
                          "type": "Deal",
                          "abstractKey": null
                        },
                        "kind": "AliasedInlineFragmentSpread",
                        "name": "DealRow_deal"
                      }
                    ],
                    "storageKey": null
                  }
                ],
                "type": "ConflictError",
                "abstractKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "DealRowMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "DealUpdatePayload",
        "kind": "LinkedField",
        "name": "dealUpdate",
        "plural": false,
        "selections": [
          (v5/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": null,
            "kind": "LinkedField",
            "name": "userErrors",
            "plural": true,
            "selections": [
              (v6/*:: as any*/),
              (v7/*:: as any*/),
              {
                "kind": "InlineFragment",
                "selections": [
                  {
                    "alias": null,
                    "args": null,
                    "concreteType": null,
                    "kind": "LinkedField",
                    "name": "current",
                    "plural": false,
                    "selections": [
                      (v6/*:: as any*/),
                      (v2/*:: as any*/),
                      {
                        "kind": "InlineFragment",
                        "selections": [
                          (v3/*:: as any*/),
                          (v8/*:: as any*/),
                          {
                            "alias": null,
                            "args": null,
                            "kind": "ScalarField",
                            "name": "status",
                            "storageKey": null
                          },
                          (v4/*:: as any*/),
                          {
                            "alias": null,
                            "args": null,
                            "concreteType": "PipelineStage",
                            "kind": "LinkedField",
                            "name": "stage",
                            "plural": false,
                            "selections": [
                              (v8/*:: as any*/),
                              (v2/*:: as any*/)
                            ],
                            "storageKey": null
                          },
                          {
                            "alias": null,
                            "args": null,
                            "concreteType": "Money",
                            "kind": "LinkedField",
                            "name": "value",
                            "plural": false,
                            "selections": [
                              {
                                "alias": null,
                                "args": null,
                                "kind": "ScalarField",
                                "name": "amount",
                                "storageKey": null
                              },
                              {
                                "alias": null,
                                "args": null,
                                "kind": "ScalarField",
                                "name": "currency",
                                "storageKey": null
                              }
                            ],
                            "storageKey": null
                          }
                        ],
                        "type": "Deal",
                        "abstractKey": null
                      }
                    ],
                    "storageKey": null
                  }
                ],
                "type": "ConflictError",
                "abstractKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "cf6d6d74d5fdeb921f890867a2d5e4a3",
    "id": null,
    "metadata": {},
    "name": "DealRowMutation",
    "operationKind": "mutation",
    "text": "mutation DealRowMutation(\n  $input: DealUpdateInput!\n) {\n  dealUpdate(input: $input) {\n    deal {\n      id\n      version\n      probability\n    }\n    userErrors {\n      __typename\n      message\n      ... on ConflictError {\n        current {\n          __typename\n          ...DealRow_deal\n          id\n        }\n      }\n    }\n  }\n}\n\nfragment DealRow_deal on Deal {\n  id\n  version\n  name\n  status\n  probability\n  stage {\n    name\n    id\n  }\n  value {\n    amount\n    currency\n  }\n}\n"
  }
};
})();

(node as any).hash = "316f91bdb024cbd7f48cedfd87bba044";

export default node;
