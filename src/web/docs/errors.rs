//! All codes of errors, what they mean, and what to do.
use super::html::Html;
use crate::graph::reference::codes::{self, ALWAYS, CODES};

pub fn page(mut html: Html<'_>) -> String {
    html.markup("<p class=\"place\">").link("docs", "Reference").markup("</p>\n<h1>Errors</h1>\n");
    html.markup("<p>There are two kinds. What a person can mend stands in the payload of a mutation, in <code>userErrors</code>, ");
    html.markup("with a code, a message and the path in the arguments. What is the caller's, the transport's or ours stands in ");
    html.markup("<code>errors</code>, with <code>extensions.code</code> and <code>extensions.requestId</code>; the field at its ");
    html.markup("<code>path</code> is null, and everything beside it is answered. Codes stay as they are; messages may change.</p>\n");

    html.section("user", "What a person can mend").markup("<dl class=\"members\">\n");
    for (name, (means, to_do)) in codes::user_codes() {
        html.markup("<dt id=\"user-")
            .text(&name)
            .markup("\"><code>")
            .text(&name)
            .markup("</code></dt>\n<dd>");
        explained(&mut html, means, to_do);
    }
    html.markup("</dl>\n</section>\n");

    html.section("errors", "What stands in <code>errors</code>").markup("<dl class=\"members\">\n");
    for code in CODES {
        let (means, to_do) = codes::about(*code);
        html.markup("<dt id=\"").text(code.as_str()).markup("\"><code>").text(code.as_str());
        html.markup("</code></dt>\n<dd>");
        explained(&mut html, means, to_do);
    }
    html.markup("</dl>\n</section>\n");

    html.section("always", "What any request may be answered with").markup("<ul class=\"types\">\n");
    for code in ALWAYS {
        let name = code.as_str();
        html.markup("<li><code>").link(&format!("docs/errors#{name}"), name).markup("</code></li>\n");
    }
    html.markup("</ul>\n</section>\n");
    html.finish("Errors")
}

fn explained(html: &mut Html<'_>, means: &str, to_do: &str) {
    html.markup("<p>").inline(means).markup(" <em>").inline(to_do).markup("</em></p></dd>\n");
}
