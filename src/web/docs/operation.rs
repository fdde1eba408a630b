//! The page of a query, a mutation, a subscription.
use super::html::{Html, folder};
use crate::graph::{
    reference::{Operation, Root, codes},
    sdl::{Kind, target},
};

pub fn page(mut html: Html<'_>, operation: &Operation<'_>) -> String {
    let Operation { root, name, field, .. } = operation;
    html.markup("<p class=\"place\">").link("docs", "Reference").markup(" / ");
    html.link(&format!("docs#{}", folder(*root)), title(*root)).markup("</p>\n<h1><code>").text(name);
    html.markup("</code></h1>\n").deprecated(field.deprecated.as_ref()).prose(&field.about);
    signature(&mut html, operation);
    who(&mut html, operation);
    arguments(&mut html, operation);
    events(&mut html, operation);
    cost(&mut html, operation);
    errors(&mut html, operation);
    example(&mut html, operation);
    html.finish(name)
}

const fn title(root: Root) -> &'static str {
    match root {
        Root::Query => "Queries",
        Root::Mutation => "Mutations",
        Root::Subscription => "Subscriptions",
    }
}

fn signature(html: &mut Html<'_>, operation: &Operation<'_>) {
    html.section("signature", "Signature");
    html.markup("<pre tabindex=\"0\" role=\"region\" aria-label=\"Signature\"><code>").text(operation.name);
    for (at, (name, input)) in operation.field.arguments.iter().enumerate() {
        html.markup(if at > 0 { ",\n  " } else { "(\n  " }).input(name, input);
    }
    html.markup(if operation.field.arguments.is_empty() { ": " } else { "\n): " });
    html.ty(&operation.field.ty).markup("</code></pre>\n</section>\n");
}

fn who(html: &mut Html<'_>, operation: &Operation<'_>) {
    let who = &operation.who;
    html.section("who", "Who may");
    if !who.permissions.is_empty() {
        html.markup("<p>Needs the permission ");
        for (at, permission) in who.permissions.iter().enumerate() {
            html.markup(if at > 0 { " or " } else { "" }).code(permission);
        }
        html.markup(".</p>\n");
    }
    html.markup("<ul>\n");
    for says in &who.says {
        html.markup("<li>").inline(says).markup("</li>\n");
    }
    if operation.root == Root::Mutation {
        html.markup(if who.is_repeatable {
            "<li>It is repeated safely with <code>@idempotent(key: \"…\")</code>.</li>\n"
        } else {
            "<li>It takes no <code>@idempotent</code>: a secret is not kept for a repetition.</li>\n"
        });
    }
    html.markup("</ul>\n</section>\n");
}

fn arguments(html: &mut Html<'_>, operation: &Operation<'_>) {
    let reference = html.reference;
    if operation.field.arguments.is_empty() {
        return;
    }
    html.section("arguments", "Arguments").inputs(operation.field.arguments.iter(), false);
    for input in operation.field.arguments.values() {
        let of = target(&input.ty);
        let filters = of.ends_with("Filter") || of.ends_with("Order");
        if let Some(Kind::Input { one_of, fields }) = reference.sdl.types.get(of).map(|named| &named.kind)
            && !filters
        {
            html.markup("<h3><code>").named(of).markup("</code></h3>\n");
            html.markup(if *one_of { "<p>Just one of these:</p>\n" } else { "" })
                .inputs(fields.iter(), false);
        }
    }
    if operation.field.arguments.contains_key("first") {
        html.markup("<p>A page holds at most ").number(reference.largest_page()).markup(" records.</p>\n");
    }
    html.markup("</section>\n");
}

fn events(html: &mut Html<'_>, operation: &Operation<'_>) {
    if operation.events.is_empty() && operation.record.is_none() {
        return;
    }
    html.section("events", "Events");
    if let Some(record) = operation.record {
        html.markup("<p>What it does to a <code>").named(record);
        html.markup("</code> is written into the audit trail, and told to those who follow it: ");
        html.inline(
            "`recordEvents` of its type, or `conversationEvents` where it belongs to a conversation.",
        );
        html.markup("</p>\n");
    }
    if !operation.events.is_empty() {
        html.markup("<ul>\n");
        for event in &operation.events {
            let about =
                html.reference.sdl.types.get(*event).map(|named| named.about.clone()).unwrap_or_default();
            html.markup("<li><code>").named(event).markup("</code> ").inline(&about).markup("</li>\n");
        }
        html.markup("</ul>\n");
    }
    html.markup("</section>\n");
}

fn cost(html: &mut Html<'_>, operation: &Operation<'_>) {
    html.section("cost", "Cost").markup("<p>");
    match operation.cost {
        Some(1) => html.markup("The example below costs one point. "),
        Some(points) => html.markup("The example below costs ").number(points).markup(" points at most. "),
        None => html.markup("The example below costs more than one operation may. "),
    };
    html.inline(&operation.cost_rule);
    html.markup(" Every answer says in <code>extensions.cost</code> what it came to.</p>\n</section>\n");
}

fn errors(html: &mut Html<'_>, operation: &Operation<'_>) {
    let reference = html.reference;
    html.section("errors", "Errors");
    let known = reference.sdl.types.get("UserErrorCode").map(|named| &named.kind);
    if let Some(Kind::Enum(values)) = known
        && !operation.user_errors.is_empty()
    {
        html.markup("<p>What a person can mend, in <code>userErrors</code>:</p>\n<dl class=\"members\">\n");
        for code in &operation.user_errors {
            let about = values.get(*code).map(|value| value.about.as_str()).unwrap_or_default();
            html.markup("<dt><code>")
                .link(&format!("docs/errors#user-{code}"), code)
                .markup("</code></dt><dd>");
            html.inline(about).markup("</dd>\n");
        }
        html.markup("</dl>\n");
    }
    if !operation.codes.is_empty() {
        html.markup(
            "<p>In <code>errors</code>, by <code>extensions.code</code>:</p>\n<dl class=\"members\">\n",
        );
        for code in &operation.codes {
            let name = code.as_str();
            html.markup("<dt><code>").link(&format!("docs/errors#{name}"), name).markup("</code></dt><dd>");
            html.inline(codes::about(*code).0).markup("</dd>\n");
        }
        html.markup("</dl>\n");
    }
    html.markup("<p>And what ")
        .link("docs/errors#always", "any request may be answered with")
        .markup(".</p>\n</section>\n");
}

fn example(html: &mut Html<'_>, operation: &Operation<'_>) {
    let example = &operation.example;
    html.section("example", "Example").block("Operation", &example.document);
    if example.variables != "{}" {
        html.markup("<h3>Variables</h3>\n").block("Variables", &example.variables);
    }
    html.markup("<h3>Answer</h3>\n<p>With values that are made up:</p>\n").block("Answer", &example.answer);
    let about = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("document", &example.document)
        .append_pair("variables", if example.variables == "{}" { "" } else { &example.variables })
        .finish();
    html.markup("<p class=\"try\">").link(&format!("#editor?{about}"), "Try it in the playground");
    html.markup("</p>\n</section>\n");
}
