import { ApolloProvider } from "@apollo/client/react";
import { useState } from "react";
import { createClient, type Server } from "./client";
import { DealList } from "./DealList";

export function App(server: Server) {
  const [client] = useState(() => createClient(server));
  return (
    <ApolloProvider client={client}>
      <DealList />
    </ApolloProvider>
  );
}
