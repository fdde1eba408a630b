import { createRoot } from "react-dom/client";
import { signIn } from "../../demo";
import { App } from "./App";

// A page of yours has a form for this, and renews the token before it expires.
const token = await signIn(location.origin, "marcus.webb");
createRoot(document.getElementById("page")!).render(<App url={`${location.origin}/graphql`} token={() => token} />);
