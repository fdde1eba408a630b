//! All that the schema has, in one list that can be searched.
use std::collections::BTreeMap;

use super::html::{Html, first_sentence, folder};
use crate::graph::reference::Root;

/// The page, with what holds all words of `wanted`.
pub fn page(mut html: Html<'_>, wanted: &str) -> String {
    let reference = html.reference;
    let words: Vec<String> = wanted.split_whitespace().map(str::to_lowercase).collect();
    let fits = |parts: &[&str]| {
        let text = parts.join(" ").to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    html.markup("<h1>Reference</h1>\n<p>Everything that the API can read, change and follow: who may, what it costs, what can ");
    html.markup("go wrong, and an example of each operation. Made from the schema that answers requests; the same as ");
    html.link("schema.graphql", "schema.graphql").markup(" says.</p>\n");
    html.markup("<form role=\"search\" class=\"find\"><label for=\"find\">Find</label> <input id=\"find\" name=\"find\" ");
    html.markup("type=\"search\" placeholder=\"deal, approve, money…\" value=\"").text(wanted);
    html.markup("\"> <button>Find</button> <output id=\"found\" for=\"find\"></output></form>\n");

    html.markup("<div id=\"operations\">");
    for (root, id, title) in [
        (Root::Query, "queries", "Queries"),
        (Root::Mutation, "mutations", "Mutations"),
        (Root::Subscription, "subscriptions", "Subscriptions"),
    ] {
        html.section(id, title);
        let mut by_domain: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (name, field) in reference.operations(root) {
            let domain = reference.domain_of_operation(root, name, field);
            if fits(&[name, &field.about, domain]) {
                by_domain.entry(domain).or_default().push((name, field));
            }
        }
        for (domain, mut operations) in by_domain {
            operations.sort_by_key(|(name, _)| *name);
            html.markup("<div class=\"group\"><h3>")
                .text(title_of(domain))
                .markup("</h3>\n<ul class=\"operations\">\n");
            for (name, field) in operations {
                html.markup("<li><code>")
                    .link(&format!("docs/{}/{name}", folder(root)), name)
                    .markup("</code> ");
                html.inline(first_sentence(&field.about));
                if field.deprecated.is_some() {
                    html.markup(" <strong>Deprecated.</strong>");
                }
                html.markup("</li>\n");
            }
            html.markup("</ul></div>\n");
        }
        html.markup("</section>\n");
    }
    html.markup("</div>");

    html.section("types", "Types");
    let mut by_domain: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (name, named) in reference.types() {
        let domain = reference.domain(name);
        if fits(&[name, named.word(), domain]) {
            by_domain.entry(domain).or_default().push((name, named));
        }
    }
    for (domain, types) in by_domain {
        html.markup("<div class=\"group\"><h3>")
            .text(title_of(domain))
            .markup("</h3>\n<ul class=\"types\">\n");
        for (name, named) in types {
            html.markup("<li><code>").link(&format!("docs/types/{name}"), name).markup("</code> <small>");
            html.text(named.word()).markup("</small></li>\n");
        }
        html.markup("</ul></div>\n");
    }
    html.markup("</section>\n");

    if words.is_empty() {
        leaving(&mut html);
        html.section("more", "Errors");
        html.markup("<p>")
            .link("docs/errors", "All codes of errors")
            .markup(", what they mean, and what to do.</p>\n</section>\n");
    }
    html.finish("All")
}

/// What is on its way out.
fn leaving(html: &mut Html<'_>) {
    html.section("deprecated", "Deprecated");
    html.markup(
        "<p>What is on its way out goes on to work until its day. An answer that used it says so in ",
    );
    html.markup("<code>extensions.deprecations</code>, and in the headers <code>Deprecation</code> and <code>Sunset</code>.</p>\n");
    let list = html.reference.deprecated();
    if list.is_empty() {
        html.markup("<p>Nothing is.</p>\n");
    } else {
        html.markup("<dl class=\"members\">\n");
        for one in list {
            html.markup("<dt>").inline(&format!("`{}`", one.what)).markup("</dt><dd>");
            html.inline(&one.reason()).markup(" Said since ").text(&one.since.to_string()).markup(".</dd>\n");
        }
        html.markup("</dl>\n");
    }
    html.markup("</section>\n");
}

/// A domain, as people call it.
fn title_of(domain: &str) -> &str {
    match domain {
        "access" => "Access",
        "audit" => "Audit",
        "billing" => "Billing",
        "chat" => "Conversations",
        "finance" => "Finance",
        "general" => "General",
        "governance" => "Compliance",
        "identity" => "Identity",
        "ops" => "Jobs",
        "sales" => "Sales",
        "security" => "Security",
        other => other,
    }
}
