/** Signs in somebody of the demo, `marcus.webb`, at a server such as `http://127.0.0.1:8080`; gives the access token. */
export async function signIn(server: string, mailbox: string): Promise<string> {
  const query = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { message } } }";
  const input = { email: `${mailbox}@aether-demo.example`, password: "portico-demo" };
  const response = await fetch(new URL("/graphql", server), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await response.json();
  const { accessToken, userErrors } = data?.signIn ?? {};
  if (!accessToken) throw new Error(JSON.stringify(errors ?? userErrors));
  return accessToken;
}
