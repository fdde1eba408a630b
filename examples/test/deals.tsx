// What each of the pages has to do, whatever its client: it is used as people use it, against a running server with the demo.
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import type { ComponentType } from "react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Cable, person, type Person } from "./portico";

/** Everybody's page of deals. */
export type Page = ComponentType<{ url: string; token(): string }>;

export async function behaves(Page: Page): Promise<void> {
  const eleanor = await person("eleanor.vance");
  let cable: Cable;

  beforeEach(() => {
    cable = new Cable();
  });
  afterEach(() => {
    cleanup();
    cable.unplug();
  });

  test("the next page is put below the first", async () => {
    await open(await person("marcus.webb"));
    const names = deals().map((deal) => deal.getAttribute("aria-label"));
    press(document.body, "More");
    await waitFor(() => expect(deals()).toHaveLength(20));
    expect(
      deals()
        .slice(0, 10)
        .map((deal) => deal.getAttribute("aria-label")),
    ).toEqual(names);
    expect(new Set(deals().map((deal) => deal.textContent)).size).toBe(20);
  });

  test("a change is shown before the server has answered, and stays", async () => {
    await open(await person("marcus.webb"));
    const [deal] = deals();
    await is(deal!, 50);
    cable.hold();
    press(deal!, "Likelier");
    await within(deal!).findByText("55 %", PART);
    cable.mend();
    await waitFor(async () => expect((await record(deal!)).probability).toBe(55));
    within(deal!).getByText("55 %", PART);
  });

  test("who changes what somebody else has changed is told so, and sees what it is now", async () => {
    await open(await person("marcus.webb"));
    const deal = deals()[1]!;
    const id = await is(deal, 50);
    cable.hold();
    await change(id, 90);
    press(deal, "Likelier");
    await within(deal).findByText("55 %", PART);
    cable.mend();
    expect((await within(deal).findByRole("alert")).textContent).toBe("Somebody else has changed it meanwhile.");
    await within(deal).findByText("90 %", PART);
    expect((await record(deal)).probability).toBe(90);
  });

  test("what happens while the connection is broken is told when it is back, and told once", async () => {
    await open(await person("marcus.webb"));
    const deal = deals()[2]!;
    const id = await is(deal, 11);
    cable.cut();
    for (const probability of [12, 13]) await change(id, probability);
    const name = `Made while away ${Date.now()}`;
    await create(name, id);
    cable.mend();
    await waitFor(() => expect(news()).toHaveLength(4), PATIENCE);
    await within(deal).findByText("13 %", PART);
    expect(deals()[0]!.getAttribute("aria-label")).toBe(name);
    await change(id, 14);
    await within(deal).findByText("14 %", PART);
    expect(news()).toHaveLength(5);
  });

  test("one row is asked for again by its id", async () => {
    await open(await person("marcus.webb"));
    const deal = deals()[3]!;
    const id = await is(deal, 20);
    cable.cut();
    await change(id, 21);
    within(deal).getByText("20 %", PART);
    cable.mend();
    press(deal, "Refresh");
    await within(deal).findByText("21 %", PART);
  });

  test("a field that somebody may not see does not take its row along", async () => {
    await open(await person("hannah.brooks"));
    expect(deals()).toHaveLength(10);
    for (const deal of deals()) within(deal).getByText("value hidden", PART);
  });

  async function open({ token }: Person) {
    render(<Page url={await cable.plugIn()} token={() => token} />);
    await screen.findAllByRole("button", { name: "Likelier" });
  }

  /** Makes the deal of a row as likely as this, by two changes of which at least one is to be seen. */
  async function is(row: HTMLElement, probability: number): Promise<string> {
    const { id } = await record(row);
    const before = news().length;
    for (const step of [probability + 1, probability]) await change(id, step);
    await waitFor(() => expect(news()).toHaveLength(before + 2), PATIENCE);
    within(row).getByText(`${probability} %`, PART);
    return id;
  }

  /** The deal of a row, as the server has it. */
  async function record(row: HTMLElement): Promise<{ id: string; probability: number }> {
    const name = row.getAttribute("aria-label");
    const { deals } = await eleanor.ask(
      "query ($name: String!) { deals(filter: { name: { eq: $name }, status: { eq: OPEN } }) { nodes { id probability } } }",
      { name },
    );
    const [{ id, probability }] = deals.nodes;
    return { id, probability: Number(probability) };
  }

  function change(id: string, probability: number) {
    return eleanor.ask("mutation ($input: DealUpdateInput!) { dealUpdate(input: $input) { userErrors { message } } }", {
      input: { id, probability: String(probability) },
    });
  }

  /** Makes a deal that is like another one. */
  async function create(name: string, like: string) {
    const { deal } = await eleanor.ask("query ($id: ID!) { deal(id: $id) { region segment lob stage { id } } }", { id: like });
    const { stage, ...same } = deal;
    await eleanor.ask("mutation ($input: DealCreateInput!) { dealCreate(input: $input) { userErrors { message } } }", {
      input: { ...same, name, stageId: stage.id, value: { amount: "1000.00", currency: "USD" } },
    });
  }
}

const PART = { exact: false };
const PATIENCE = { timeout: 15_000 };

function deals(): HTMLElement[] {
  return within(screen.getByRole("list", { name: "Deals" })).getAllByRole("listitem");
}

function news(): (string | null)[] {
  return within(screen.getByRole("list", { name: "News" }))
    .queryAllByRole("listitem")
    .map((line) => line.textContent);
}

function press(where: HTMLElement, name: string) {
  within(where).getByRole("button", { name }).click();
}
