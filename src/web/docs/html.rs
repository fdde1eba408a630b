//! What a page is written with. Markup is what stands in this program, and everything else is escaped: the types of
//! these functions leave no third way.
use crate::graph::{
    reference::{Reference, Root},
    sdl::{Input, Type, target},
};

/// A page on its way.
pub struct Html<'r> {
    pub reference: &'r Reference,
    text: String,
    /// From the page to the root of the server, so that it may stand below a path of somebody else.
    up: &'static str,
}

impl<'r> Html<'r> {
    pub const fn new(reference: &'r Reference, up: &'static str) -> Self {
        Self { reference, text: String::new(), up }
    }

    /// What stands in the program.
    pub fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.text.push_str(markup);
        self
    }

    /// What comes from elsewhere.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.text);
        self
    }

    pub fn number(&mut self, number: usize) -> &mut Self {
        self.text(&number.to_string())
    }

    pub fn code(&mut self, text: &str) -> &mut Self {
        self.markup("<code>").text(text).markup("</code>")
    }

    /// A link within the server.
    pub fn link(&mut self, to: &str, label: &str) -> &mut Self {
        self.anchor(to).text(label).markup("</a>")
    }

    /// The beginning of one.
    pub fn anchor(&mut self, to: &str) -> &mut Self {
        let up = self.up;
        self.markup("<a href=\"").markup(up).text(to).markup("\">")
    }

    /// A heading of a section, which is named by it.
    pub fn section(&mut self, id: &'static str, title: &'static str) -> &mut Self {
        self.markup("\n<section aria-labelledby=\"")
            .markup(id)
            .markup("\">\n<h2 id=\"")
            .markup(id)
            .markup("\">");
        self.markup(title).markup("</h2>\n")
    }

    /// A block of code, which scrolls by itself.
    pub fn block(&mut self, label: &'static str, text: &str) -> &mut Self {
        self.markup("<pre tabindex=\"0\" role=\"region\" aria-label=\"").markup(label).markup("\"><code>");
        self.text(text).markup("</code></pre>\n")
    }

    pub fn permission(&mut self, needs: &[String]) -> &mut Self {
        if !needs.is_empty() {
            self.markup(" <span class=\"needs\">needs ");
            for (at, permission) in needs.iter().enumerate() {
                self.markup(if at > 0 { " or " } else { "" }).code(permission);
            }
            self.markup("</span>");
        }
        self
    }

    pub fn deprecated(&mut self, reason: Option<&String>) -> &mut Self {
        if let Some(reason) = reason {
            self.markup("<p class=\"deprecated\"><strong>Deprecated.</strong> ")
                .inline(reason)
                .markup("</p>\n");
        }
        self
    }

    /// A type as it is written, leading to its page.
    pub fn ty(&mut self, ty: &Type) -> &mut Self {
        let (name, written) = (target(ty), ty.to_string());
        let (before, after) = written.split_once(name).unwrap_or(("", ""));
        self.text(before).named(name).text(after)
    }

    /// The name of a type, leading to its page where it has one.
    pub fn named(&mut self, name: &str) -> &mut Self {
        if self.reference.sdl.types.contains_key(name) {
            self.link(&format!("docs/types/{name}"), name)
        } else {
            self.text(name)
        }
    }

    /// An argument, or a field of an input: its name, type and default.
    pub fn input(&mut self, name: &str, input: &Input) -> &mut Self {
        self.text(name).markup(": ").ty(&input.ty);
        if let Some(default) = &input.default {
            self.markup(" = ").text(default);
        }
        self
    }

    /// The items of a list of arguments or fields of inputs, `named` where links lead to them.
    pub fn inputs<'i>(
        &mut self,
        inputs: impl Iterator<Item = (&'i String, &'i Input)>,
        named: bool,
    ) -> &mut Self {
        self.markup("<dl class=\"members\">\n");
        for (name, input) in inputs {
            if named {
                self.markup("<dt id=\"field-").text(name).markup("\">");
            } else {
                self.markup("<dt>");
            }
            self.markup("<code>").input(name, input).markup("</code>");
            if input.is_required() {
                self.markup(" <span class=\"must\">required</span>");
            }
            self.markup("</dt>\n<dd>").deprecated(input.deprecated.as_ref()).prose(&input.about);
            self.markup("</dd>\n");
        }
        self.markup("</dl>\n")
    }

    /// Descriptions: paragraphs, lists of lines that begin with a star, words in backticks.
    pub fn prose(&mut self, text: &str) -> &mut Self {
        for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
            let mut in_list = false;
            let mut in_paragraph = false;
            for line in part.lines() {
                match (line.strip_prefix("* "), in_list) {
                    (Some(item), _) => {
                        if in_paragraph {
                            self.markup("</p>\n");
                            in_paragraph = false;
                        }
                        self.markup(if in_list { "</li>\n<li>" } else { "<ul>\n<li>" }).inline(item);
                        in_list = true;
                    }
                    (None, true) => {
                        self.markup(" ").inline(line);
                    }
                    (None, false) => {
                        self.markup(if in_paragraph { "\n" } else { "<p>" }).inline(line);
                        in_paragraph = true;
                    }
                }
            }
            self.markup(match (in_list, in_paragraph) {
                (true, _) => "</li>\n</ul>\n",
                (false, true) => "</p>\n",
                (false, false) => "",
            });
        }
        self
    }

    /// Words, those in backticks as code, which leads to what it names.
    pub fn inline(&mut self, text: &str) -> &mut Self {
        let parts: Vec<&str> = text.split('`').collect();
        // one that is not closed is no sign of anything
        let closed = parts.len() % 2 == 1;
        for (at, part) in parts.iter().enumerate() {
            if at % 2 == 1 && closed {
                self.mention(part);
            } else {
                self.markup(if at > 0 && !closed { "`" } else { "" }).text(part);
            }
        }
        self
    }

    fn mention(&mut self, word: &str) -> &mut Self {
        let of = word.split('.').next().unwrap_or_default();
        let to =
            match Root::ALL.into_iter().find(|root| self.reference.sdl.field(root.name(), word).is_some()) {
                Some(root) => Some(format!("docs/{}/{word}", folder(root))),
                None if self.reference.sdl.types.contains_key(of) => Some(format!("docs/types/{of}")),
                None => None,
            };
        match to {
            Some(to) => self.markup("<code>").link(&to, word).markup("</code>"),
            None => self.code(word),
        }
    }

    /// The whole page.
    pub fn finish(self, title: &str) -> String {
        frame(self.up, title, &self.text)
    }
}

/// Where the pages of root fields are.
pub const fn folder(root: Root) -> &'static str {
    match root {
        Root::Query => "queries",
        Root::Mutation => "mutations",
        Root::Subscription => "subscriptions",
    }
}

/// What a description says first.
pub fn first_sentence(about: &str) -> &str {
    let line = about.lines().next().unwrap_or_default();
    line.split_inclusive(". ").next().unwrap_or_default().trim()
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
}

fn frame(up: &'static str, title: &str, body: &str) -> String {
    let mut page = String::with_capacity(body.len() + 2048);
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| page.push_str(part));
    let mut escaped = String::new();
    escape(title, &mut escaped);
    add(&[
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
        "<title>",
        &escaped,
        " · Portico reference</title>\n<link rel=\"stylesheet\" href=\"",
        up,
        "docs/reference.css\">\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"",
        up,
        "docs/icon.svg\">\n<script src=\"",
        up,
        "docs/reference.js\" defer></script>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n",
        "<header class=\"top\">\n<a class=\"brand\" href=\"",
        up,
        "docs\">Portico reference</a>\n<nav aria-label=\"Reference\">\n<a href=\"",
        up,
        "docs#operations\">Operations</a>\n<a href=\"",
        up,
        "docs#types\">Types</a>\n<a href=\"",
        up,
        "docs/errors\">Errors</a>\n<a href=\"",
        up,
        "#editor\">Playground</a>\n</nav>\n</header>\n<main id=\"main\" tabindex=\"-1\">\n",
        body,
        "\n</main>\n</body>\n</html>\n",
    ]);
    page
}

/// For whom the schema is not shown to.
pub fn refusal(up: &'static str) -> String {
    let mut body = String::new();
    for part in [
        "<h1>The reference is not shown to you</h1>\n<p>It is shown to whoever may ask about the schema: ",
        "<code>PORTICO_INTROSPECTION</code> says who that is. If you have an account, <a href=\"",
        up,
        "#docs\">read it in the playground</a>, where you can sign in. A program sends its access token or API key as ",
        "for any request: <code>Authorization: Bearer …</code>.</p>\n",
    ] {
        body.push_str(part);
    }
    frame(up, "Not shown", &body)
}

/// Where there is no such page.
pub fn missing(mut html: Html<'_>) -> String {
    html.markup("<h1>There is no such page</h1>\n<p>The schema has nothing of this name. ");
    html.link("docs", "All that it has").markup(".</p>\n");
    html.finish("Not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_program_is_text() {
        let mut escaped = String::new();
        escape("<a href=\"x\" onclick='y'>&amp;</a>", &mut escaped);
        assert_eq!(escaped, "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
    }

    #[test]
    fn a_sentence_ends_with_its_stop() {
        assert_eq!(first_sentence("A deal, e.g.this. And more."), "A deal, e.g.this.");
        assert_eq!(first_sentence("One line\nand another."), "One line");
        assert_eq!(first_sentence(""), "");
    }
}
