import { behaves } from "../../test/deals";
import { App } from "../src/App";

await behaves(App);
