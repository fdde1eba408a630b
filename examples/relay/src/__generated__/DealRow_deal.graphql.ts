/**
 * @generated SignedSource<<065d141e5112f9db55ad2223f4ee10e2>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ReaderFragment } from 'relay-runtime';
export type DealStatus = "LOST" | "OPEN" | "WON" | "%future added value";
import { FragmentRefs, Result } from "relay-runtime";
export type DealRow_deal$data = {
  readonly id: string;
  readonly name: string | null;
  readonly probability: string;
  readonly stage: {
    readonly name: string;
  };
  readonly status: DealStatus;
  readonly value: Result<{
    readonly amount: string;
    readonly currency: string;
  } | null, unknown>;
  readonly version: number;
  readonly " $fragmentType": "DealRow_deal";
};
export type DealRow_deal$key = {
  readonly " $data"?: DealRow_deal$data;
  readonly " $fragmentSpreads": FragmentRefs<"DealRow_deal">;
};

import DealRowQuery_graphql from './DealRowQuery.graphql';

const node: ReaderFragment = (function(){
var v0 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "name",
  "storageKey": null
};
return {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": {
    "refetch": {
      "connection": null,
      "fragmentPathInResult": [
        "node"
      ],
      "operation": DealRowQuery_graphql,
      "identifierInfo": {
        "identifierField": "id",
        "identifierQueryVariableName": "id"
      }
    },
    "throwOnFieldError": true
  },
  "name": "DealRow_deal",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "id",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "version",
      "storageKey": null
    },
    (v0/*:: as any*/),
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "status",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "probability",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "concreteType": "PipelineStage",
      "kind": "LinkedField",
      "name": "stage",
      "plural": false,
      "selections": [
        (v0/*:: as any*/)
      ],
      "storageKey": null
    },
    {
      "kind": "CatchField",
      "field": {
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
      },
      "to": "RESULT"
    }
  ],
  "type": "Deal",
  "abstractKey": null
};
})();

(node as any).hash = "430839feb8dce687cd0285c926869d71";

export default node;
