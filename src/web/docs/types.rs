//! The page of a type.
use super::html::{Html, folder};
use crate::graph::{
    reference::Root,
    sdl::{Composite, Kind},
};

/// Nothing where there is no such type; the roots have pages of their own.
pub fn page(mut html: Html<'_>, name: &str) -> Option<String> {
    let reference = html.reference;
    let (name, named) = reference.types().find(|(known, _)| *known == name)?;
    html.markup("<p class=\"place\">").link("docs", "Reference").markup(" / ").link("docs#types", "Types");
    html.markup("</p>\n<h1><small>")
        .markup(named.word())
        .markup("</small> <code>")
        .text(name)
        .markup("</code></h1>\n");
    if !named.needs.is_empty() {
        html.markup("<p>Nobody is shown any without the permission ");
        for (at, permission) in named.needs.iter().enumerate() {
            html.markup(if at > 0 { " or " } else { "" }).code(permission);
        }
        html.markup(".</p>\n");
    }
    html.prose(&named.about);
    match &named.kind {
        Kind::Object(composite) | Kind::Interface(composite) => fields(&mut html, composite),
        Kind::Input { one_of, fields } => {
            html.section("fields", "Fields");
            html.markup(if *one_of { "<p>Just one of these is given.</p>\n" } else { "" })
                .inputs(fields.iter(), true);
            html.markup("</section>\n");
        }
        Kind::Enum(values) => {
            html.section("values", "Values").markup("<dl class=\"members\">\n");
            for (value, declared) in values {
                html.markup("<dt><code>").text(value).markup("</code></dt>\n<dd>");
                html.deprecated(declared.deprecated.as_ref()).prose(&declared.about).markup("</dd>\n");
            }
            html.markup("</dl>\n<p>Values may be added at any time: clients keep a branch for those that they do not know.</p>\n</section>\n");
        }
        Kind::Union(members) => list(&mut html, "members", "Members", members.iter().map(String::as_str)),
        Kind::Scalar => {}
    }
    let implementing = reference.types().filter(|(_, other)| match &other.kind {
        Kind::Object(of) | Kind::Interface(of) => of.implements.contains(name),
        _ => false,
    });
    list(&mut html, "implemented", "Implemented by", implementing.map(|(name, _)| name));
    used_by(&mut html, name);
    Some(html.finish(name))
}

fn fields(html: &mut Html<'_>, composite: &Composite) {
    if !composite.implements.is_empty() {
        html.markup("<p>Implements ");
        for (at, interface) in composite.implements.iter().enumerate() {
            html.markup(if at > 0 { ", " } else { "" }).markup("<code>").named(interface).markup("</code>");
        }
        html.markup(".</p>\n");
    }
    html.section("fields", "Fields").markup("<dl class=\"members\">\n");
    for (name, field) in &composite.fields {
        html.markup("<dt id=\"field-").text(name).markup("\"><code>").text(name);
        html.markup(if field.arguments.is_empty() { "" } else { "(…)" }).markup(": ").ty(&field.ty);
        html.markup("</code>").permission(&field.needs);
        if field.semantic_non_null {
            html.markup(" <span class=\"null\">null only with an error</span>");
        }
        html.markup("</dt>\n<dd>").deprecated(field.deprecated.as_ref()).prose(&field.about);
        if !field.arguments.is_empty() {
            html.markup("<details><summary>Arguments</summary>\n")
                .inputs(field.arguments.iter(), false)
                .markup("</details>\n");
        }
        html.markup("</dd>\n");
    }
    html.markup("</dl>\n</section>\n");
}

/// The names of types; nothing where there are none.
fn list<'n>(
    html: &mut Html<'_>,
    id: &'static str,
    title: &'static str,
    names: impl Iterator<Item = &'n str>,
) {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return;
    }
    html.section(id, title).markup("<ul class=\"types\">\n");
    for name in names {
        html.markup("<li><code>").named(name).markup("</code></li>\n");
    }
    html.markup("</ul>\n</section>\n");
}

fn used_by(html: &mut Html<'_>, name: &str) {
    let reference = html.reference;
    let mut used = reference.used_by(name).filter(|(of, _)| *of != name).peekable();
    if used.peek().is_none() {
        return;
    }
    html.section("used", "Used by").markup("<ul class=\"types\">\n");
    for (of, member) in used {
        let field = member.split('(').next().unwrap_or_default();
        let to = match Root::ALL.into_iter().find(|root| root.name() == of) {
            Some(root) => format!("docs/{}/{field}", folder(root)),
            None if field.is_empty() => format!("docs/types/{of}"),
            None => format!("docs/types/{of}#field-{field}"),
        };
        let label = if member.is_empty() { of.to_owned() } else { format!("{of}.{member}") };
        html.markup("<li><code>").link(&to, &label).markup("</code></li>\n");
    }
    html.markup("</ul>\n</section>\n");
}
