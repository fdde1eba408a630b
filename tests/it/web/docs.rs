//! The reference at `/docs`: every page of it, for whom it is there, and what it does without a script.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use portico::graph::{
    schema::sdl,
    sdl::{Kind, Sdl},
};
use reqwest::{Client, Response, Url};

use super::World;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async fn get(world: &World, path: &str) -> Response {
    Client::new().get(world.url(path)).send().await.unwrap()
}

async fn text(world: &World, path: &str) -> String {
    let response = get(world, path).await;
    assert_eq!(response.status().as_u16(), 200, "{path}");
    response.text().await.unwrap()
}

/// What stands in an attribute, wherever it is given.
fn attributes<'t>(page: &'t str, name: &str) -> Vec<&'t str> {
    let begin = format!(" {name}=\"");
    page.split(begin.as_str()).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Elements that are not closed, or not in their order.
fn unbalanced(page: &str) -> Option<String> {
    const VOID: [&str; 4] = ["meta", "link", "input", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1) {
        let name = tag.split(|letter: char| letter == '>' || letter.is_whitespace()).next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => match open.pop() {
                Some(last) if last == name => {}
                last => return Some(format!("{last:?} is closed by {name}")),
            },
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    open.pop().map(|name| format!("{name} is not closed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_leads_to_something_and_everything_has_a_page() {
    let world = World::start(&[]).await;
    let client = Client::new();
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    let mut anchors: BTreeSet<(String, String)> = BTreeSet::new();
    let mut playground = 0;
    let mut waiting = VecDeque::from(["/docs".to_owned()]);
    while let Some(path) = waiting.pop_front() {
        if pages.contains_key(&path) {
            continue;
        }
        let here = Url::parse(&world.url(&path)).unwrap();
        let response = client.get(here.clone()).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        let page = response.text().await.unwrap();
        assert_eq!(unbalanced(&page), None, "{path}");
        for href in attributes(&page, "href") {
            let there = here.join(&href.replace("&amp;", "&")).unwrap();
            assert_eq!(there.origin(), here.origin(), "{path} leads to {href}");
            match (there.path(), there.fragment()) {
                ("/", Some(fragment)) => {
                    assert!(fragment.starts_with("editor"), "{path} leads to {href}");
                    playground += usize::from(fragment.contains("?document="));
                }
                ("/docs/reference.css" | "/docs/icon.svg" | "/schema.graphql", None) => {}
                (to, fragment) if to.starts_with("/docs") => {
                    anchors.extend(fragment.map(|fragment| (to.to_owned(), fragment.to_owned())));
                    waiting.push_back(to.to_owned());
                }
                (to, _) => panic!("{path} leads to {to}"),
            }
        }
        pages.insert(path, page);
    }
    for (path, anchor) in anchors {
        assert!(pages[&path].contains(&format!(" id=\"{anchor}\"")), "{path} has no {anchor}");
    }
    let sdl = Sdl::read(&sdl()).unwrap();
    let mut due: BTreeSet<String> = ["/docs", "/docs/errors"].map(str::to_owned).into();
    let mut operations = 0;
    for (name, named) in &sdl.types {
        let folder = match name.as_str() {
            "Query" => "queries",
            "Mutation" => "mutations",
            "Subscription" => "subscriptions",
            _ => {
                due.insert(format!("/docs/types/{name}"));
                continue;
            }
        };
        let Kind::Object(root) = &named.kind else { panic!("{name} is no object") };
        operations += root.fields.len();
        due.extend(root.fields.keys().map(|field| format!("/docs/{folder}/{field}")));
    }
    assert_eq!(pages.keys().cloned().collect::<BTreeSet<_>>(), due);
    assert_eq!(playground, operations, "every operation can be tried");
}

#[tokio::test]
async fn a_page_says_all_of_an_operation() {
    let world = World::start(&[]).await;
    let page = text(&world, "/docs/mutations/dealUpdate").await;
    for said in [
        "<h1><code>dealUpdate</code></h1>",
        "Changes a deal.",
        "Needs the permission <code>deal.write</code>.",
        "API keys that have it among their scopes",
        "@idempotent(key: \"…\")",
        "<code>expectedVersion: Int</code>",
        "<a href=\"../../docs/errors#user-CONFLICT\">CONFLICT</a>",
        "<a href=\"../../docs/errors#IDEMPOTENCY_KEY_REUSED\">IDEMPOTENCY_KEY_REUSED</a>",
        "points at most",
        "10 points for the change",
        "mutation DealUpdate($input: DealUpdateInput!) {",
        "&quot;expectedVersion&quot;: 1",
        "&quot;userErrors&quot;: []",
        "What it does to a <code><a href=\"../../docs/types/Deal\">Deal</a></code> is written into the audit trail",
        "../../#editor?document=mutation+DealUpdate",
    ] {
        assert!(page.contains(said), "{said} is missing in\n{page}");
    }
    for (path, said) in [
        ("/docs/mutations/signIn", "Takes no <code>@idempotent</code>"),
        ("/docs/mutations/signIn", "Whoever asks, signed in or not."),
        ("/docs/mutations/roleAssign", "In person: nobody who acts as somebody else."),
        ("/docs/mutations/planCreate", "Administrators of the platform alone."),
        ("/docs/mutations/dealBulkCreate", "10 points for each of <code>items</code>"),
        ("/docs/queries/deals", "needs the permission"),
        ("/docs/queries/deals", "A page holds at most 100 records."),
        ("/docs/queries/deals", "INVALID_CURSOR"),
        ("/docs/subscriptions/recordEvents", "docs/types/RecordCreated"),
        ("/docs/types/Deal", "<span class=\"needs\">needs <code>deal.value.read</code></span>"),
        ("/docs/types/Deal", "docs/types/Record\">Record</a>"),
        ("/docs/types/DealFilter", "docs/queries/deals\">Query.deals(filter:)</a>"),
        ("/docs/types/Record", "Implemented by"),
        ("/docs/types/MessageRole", "<strong>Deprecated.</strong> Use <code>"),
        ("/docs/errors", "id=\"user-CONFLICT\""),
    ] {
        let page = text(&world, path).await;
        assert!(page.to_lowercase().contains(&said.to_lowercase()), "{path} does not say {said}:\n{page}");
    }
}

#[tokio::test]
async fn it_is_found_without_a_script() {
    let world = World::start(&[]).await;
    let page = text(&world, "/docs?find=deal+RESTORE").await;
    assert!(page.contains(">dealRestore</a>"));
    assert!(!page.contains(">dealUpdate</a>") && !page.contains(">accountRestore</a>"));
    // what is looked for is text
    let page = text(&world, "/docs?find=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\""));
    assert!(!page.contains("<script>"));
    assert_eq!(text(&world, "/docs/").await.matches("href=\"../docs/queries/deals\"").count(), 1);
}

#[tokio::test]
async fn a_page_is_told_as_what_it_is() {
    let world = World::start(&[]).await;
    let response = get(&world, "/docs/types/Deal").await;
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(headers["content-security-policy"], POLICY);
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cache-control"], "private, no-cache");
    let varies = headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_owned());
    assert!(varies.collect::<Vec<_>>().join(",").contains("authorization"));
    let again = Client::new().get(world.url("/docs/types/Deal")).header("if-none-match", &headers["etag"]);
    let again = again.send().await.unwrap();
    assert_eq!(again.status().as_u16(), 304);
    // a browser takes them for those of the page that it has
    for name in ["content-security-policy", "cache-control", "etag"] {
        assert_eq!(again.headers()[name], headers[name]);
    }
    let packed =
        Client::new().get(world.url("/docs")).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() < 60_000);
    for (path, kind) in
        [("reference.css", "text/css; charset=utf-8"), ("reference.js", "text/javascript; charset=utf-8")]
    {
        assert_eq!(get(&world, &format!("/docs/{path}")).await.headers()["content-type"], kind);
    }
    for path in
        ["/docs/types/Nothing", "/docs/queries/dealUpdate", "/docs/types/Query", "/docs/a/b/c", "/docs/x"]
    {
        let response = get(&world, path).await;
        assert_eq!(response.status().as_u16(), 404, "{path}");
        assert!(response.text().await.unwrap().contains("There is no such page"), "{path}");
    }
}

#[tokio::test]
async fn it_is_for_those_who_may_ask_about_the_schema() {
    let world = World::start(&[("PORTICO_INTROSPECTION", "person")]).await;
    let ask = async |path: &str, credential: &str| {
        let request = Client::new().get(world.url(path));
        let request = if credential.is_empty() { request } else { request.bearer_auth(credential) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    for path in ["/docs", "/docs/", "/docs/types/Deal", "/docs/types/Nothing", "/docs/errors"] {
        for credential in ["", "late", "nonsense"] {
            let (status, page) = ask(path, credential).await;
            assert_eq!(status, 404, "{path}");
            assert!(page.contains("PORTICO_INTROSPECTION") && page.contains("#docs\""), "{path}");
            // not a word of what there is, nor whether
            assert!(!page.contains("Deal") && !page.contains("no such page"), "{path}");
        }
    }
    assert_eq!(ask("/docs/types/Deal", "ada").await.0, 200);
    assert!(ask("/docs/types/Nothing", "ada").await.1.contains("There is no such page"));
    assert_eq!(ask("/docs/reference.css", "").await.0, 200);
    let none = World::start(&[("PORTICO_INTROSPECTION", "none")]).await;
    let response = Client::new().get(none.url("/docs")).bearer_auth("ada").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 404);
}
