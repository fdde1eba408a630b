import { useState } from "react";
import { Provider } from "urql";
import { createClient, type Server } from "./client";
import { DealList } from "./DealList";

export function App(server: Server) {
  const [client] = useState(() => createClient(server));
  return (
    <Provider value={client}>
      <DealList />
    </Provider>
  );
}
