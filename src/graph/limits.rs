//! Limits before work: a document is measured before it is validated, in time linear in its size.
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::{
    Name, Positioned, Request, Response, ServerResult,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest},
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use super::{
    documents::operation,
    fault::{Code, Fault},
};

/// How large a document may be, with every fragment counted where it is spread.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: usize,
    pub tokens: usize,
    pub fields: usize,
    pub depth: usize,
    pub aliases: usize,
    pub directives: usize,
    pub root_fields: usize,
    /// Rows that the page sizes of the document could give at most.
    pub cost: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 20_000,
            tokens: 10_000,
            fields: 2_000,
            depth: 15,
            aliases: 30,
            directives: 50,
            root_fields: 20,
            cost: 50_000,
        }
    }
}

/// What a selection amounts to. Sums saturate: a document of doubling fragments is measured, not walked.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    fields: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
    cost: usize,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            cost: self.cost.saturating_add(other.cost),
        }
    }
}

/// Measures one document.
struct Measure<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'d async_graphql::Variables,
    known: HashMap<&'d Name, Option<Size>>,
}

impl<'d> Measure<'d> {
    fn set(&mut self, set: &'d SelectionSet) -> Result<Size, Fault> {
        let mut sum = Size::default();
        for selection in &set.items {
            let directives = selection.node.directives().len();
            let size = match &selection.node {
                Selection::Field(field) => {
                    let below = self.set(&field.node.selection_set.node)?;
                    let rows = self.page_size(&field.node);
                    Size {
                        fields: below.fields.saturating_add(1),
                        depth: below.depth.saturating_add(1),
                        aliases: below.aliases.saturating_add(field.node.alias.is_some().into()),
                        directives: below.directives,
                        cost: below
                            .cost
                            .saturating_mul(rows)
                            .saturating_add(usize::from(rows > 1 || below.fields > 0)),
                    }
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node)?,
            };
            sum = sum.beside(size);
            sum.directives = sum.directives.saturating_add(directives);
        }
        Ok(sum)
    }

    /// Each fragment is measured once, however often it is spread.
    fn fragment(&mut self, name: &'d Name) -> Result<Size, Fault> {
        match self.known.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Fault::new(
                    Code::ValidationFailed,
                    format!("the fragment `{name}` contains itself"),
                ));
            }
            None => {}
        }
        let Some(fragment) = self.fragments.get(name) else { return Ok(Size::default()) };
        self.known.insert(name, None);
        let size = self.set(&fragment.node.selection_set.node)?;
        self.known.insert(name, Some(size));
        Ok(size)
    }

    /// How many rows a field may give: `first` or `last`, the default where it has neither.
    fn page_size(&self, field: &async_graphql::parser::types::Field) -> usize {
        let asked = ["first", "last"].into_iter().find_map(|name| field.get_argument(name)).map(|value| {
            let value =
                value.node.clone().into_const_with(|name| self.variables.get(&name).cloned().ok_or(()));
            match value {
                Ok(async_graphql::Value::Number(number)) => {
                    number.as_u64().and_then(|rows| usize::try_from(rows).ok()).unwrap_or(1)
                }
                _ => 10,
            }
        });
        let lists = |selection: &Positioned<Selection>| matches!(&selection.node, Selection::Field(inner) if matches!(inner.node.name.node.as_str(), "nodes" | "edges"));
        match asked {
            Some(rows) => rows.max(1),
            None if field.selection_set.node.items.iter().any(lists) => 10,
            None => 1,
        }
    }
}

impl Limits {
    /// Refuses a text that is too long to be worth parsing.
    pub fn check_text(&self, text: &str) -> Result<(), Fault> {
        // a token takes a byte at least: most documents need no counting
        let tokens = if text.len() > self.tokens { tokens(text, self.tokens) } else { 0 };
        for (what, found, limit) in [("bytes", text.len(), self.bytes), ("tokens", tokens, self.tokens)] {
            if found > limit {
                let message = format!("the document has more than {limit} {what}");
                return Err(Fault::new(Code::DocumentTooLarge, message).with("limit", limit));
            }
        }
        Ok(())
    }

    /// Refuses what is too large, naming the limit.
    fn check(
        &self,
        document: &ExecutableDocument,
        variables: &async_graphql::Variables,
    ) -> Result<(), Fault> {
        let mut measure = Measure { fragments: &document.fragments, variables, known: HashMap::new() };
        for (_, operation) in document.operations.iter() {
            let set = &operation.node.selection_set.node;
            let size = measure.set(set)?;
            let roots = set.items.len();
            for (code, what, found, limit) in [
                (Code::QueryTooDeep, "levels", size.depth, self.depth),
                (Code::QueryTooComplex, "fields", size.fields, self.fields),
                (Code::TooManyAliases, "aliases", size.aliases, self.aliases),
                (Code::TooManyDirectives, "directives", size.directives, self.directives),
                (Code::TooManyRootFields, "root fields", roots, self.root_fields),
                (Code::QueryTooComplex, "rows at most, by its page sizes,", size.cost, self.cost),
            ] {
                if found > limit {
                    let message = format!("the document asks for {found} {what}; {limit} are allowed");
                    return Err(Fault::new(code, message).with("limit", limit).with("requested", found));
                }
            }
        }
        Ok(())
    }
}

/// How many tokens a text has, as GraphQL's grammar counts them; counting ends beyond `most`.
fn tokens(text: &str, most: usize) -> usize {
    let mut rest = text.as_bytes();
    let mut count = 0;
    while let (Some(&first), true) = (rest.first(), count <= most) {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            b'#' => {
                let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                rest = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default();
                continue;
            }
            b'"' => string(rest),
            b'.' => rest.iter().take(3).take_while(|byte| **byte == b'.').count(),
            _ if is_word(first) => rest.iter().take_while(|byte| is_word(**byte) || **byte == b'.').count(),
            _ => 1,
        };
        count += 1;
        rest = rest.get(length..).unwrap_or_default();
    }
    count
}

/// Names and numbers.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How long the string is with which `text` begins, quotes included.
fn string(text: &[u8]) -> usize {
    let quote: &[u8] = if text.starts_with(b"\"\"\"") { b"\"\"\"" } else { b"\"" };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        at += if rest.starts_with(b"\\") { 2 } else { 1 };
    }
    text.len()
}

/// Refuses an operation whose variables are not all there, before anything of it is executed.
fn all_given(
    document: &ExecutableDocument,
    chosen: Option<&str>,
    variables: &async_graphql::Variables,
) -> Result<(), Fault> {
    let definitions =
        operation(document, chosen).map_or(&[][..], |operation| operation.variable_definitions.as_slice());
    for definition in definitions.iter().map(|definition| &definition.node) {
        let name = &definition.name.node;
        let given = !matches!(variables.get(name), None | Some(async_graphql::Value::Null));
        if !given && !definition.var_type.node.nullable && definition.default_value.is_none() {
            let kind = &definition.var_type.node;
            return Err(Fault::bad_input(format!("the variable `${name}` of type `{kind}` is not given")));
        }
    }
    Ok(())
}

/// It stands before validation, so that every transport passes it.
pub struct LimitsExtension(pub Limits);

impl ExtensionFactory for LimitsExtension {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Check(self.0))
    }
}

struct Check(Limits);

/// Set when a request has passed parsing, limits and validation and is executed.
#[derive(Clone, Default)]
pub struct Executed(pub Arc<AtomicBool>);

#[async_graphql::async_trait::async_trait]
impl Extension for Check {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        self.0.check_text(&request.query).map_err(|fault| fault.at(None, Vec::new()))?;
        let variables = std::mem::take(&mut request.variables);
        let operation = request.operation_name.clone();
        let document = request.parsed_query().map_err(|mut error| {
            error.extensions.get_or_insert_default().set("code", Code::ParseFailed.as_str());
            error
        })?;
        all_given(document, operation.as_deref(), &variables).map_err(|fault| fault.at(None, Vec::new()))?;
        self.0.check(document, &variables).map_err(|fault| fault.at(None, Vec::new()))?;
        request.variables = variables;
        next.run(ctx, request).await
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if let Some(executed) = ctx.data_opt::<Executed>() {
            executed.0.store(true, Ordering::Relaxed);
        }
        next.run(ctx, operation_name).await
    }
}

/// The most errors that one response tells.
const MOST_ERRORS: usize = 20;

/// Gives every error a code and the request's id, and tells no more of them than help.
pub fn finish(response: &mut Response, request: &str) {
    let told = if response.data == async_graphql::Value::Null { MOST_ERRORS } else { usize::MAX };
    response.errors.truncate(told);
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            let code = if error.message.contains("peration") && error.locations.is_empty() {
                Code::OperationResolutionFailed
            } else {
                Code::ValidationFailed
            };
            extensions.set("code", code.as_str());
        }
        extensions.set("requestId", request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str) -> Result<(), Fault> {
        let document = async_graphql::parser::parse_query(document).unwrap();
        Limits::default().check(&document, &async_graphql::Variables::default())
    }

    #[test]
    fn doubling_fragments_are_measured_without_being_walked() {
        let mut document = "query { ...f60 } fragment f0 on Query { __typename }".to_owned();
        for level in 1..=60 {
            document += &format!(" fragment f{level} on Query {{ ...f{} ...f{} }}", level - 1, level - 1);
        }
        assert_eq!(check(&document).unwrap_err().code, Code::QueryTooComplex);
    }

    #[test]
    fn tokens_are_counted_as_the_grammar_does() {
        for (text, count) in [
            ("", 0),
            ("{ viewer { id } }", 6),
            ("query($a:[Int!]=[1,-2.5e3]){...F @skip(if:$a)}", 27),
            ("# not { this }\n{a}", 3),
            (r#"{a(b:"\" { \\" c:"")}"#, 11),
            ("{a(b:\"\"\"one \"two\" { \"\"\")}", 8),
            ("{a(b:\"never ends }", 6),
        ] {
            assert_eq!(tokens(text, usize::MAX), count, "{text}");
        }
    }

    #[test]
    fn a_text_of_too_many_tokens_is_refused_before_it_is_parsed() {
        let limits = Limits { tokens: 10, ..Limits::default() };
        let refused = limits.check_text(&"{".repeat(11)).unwrap_err();
        assert_eq!(refused.code, Code::DocumentTooLarge);
        assert_eq!(refused.message, "the document has more than 10 tokens");
        assert!(limits.check_text("{ viewer { __typename } }").is_ok());
    }

    #[test]
    fn a_fragment_that_contains_itself_is_refused() {
        assert!(check("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }").is_err());
    }

    #[test]
    fn cost_multiplies_along_nested_pages() {
        let nested = "{ deals(first: 100) { nodes { history(first: 100) { nodes { deal { history(first: 100) { nodes { id } } } } } } } }";
        assert_eq!(check(nested).unwrap_err().code, Code::QueryTooComplex);
        assert!(check("{ deals(first: 100) { nodes { history(first: 10) { nodes { id } } } } }").is_ok());
    }

    #[test]
    fn depth_aliases_and_directives_are_bounded() {
        let deep = format!("{}id{}", "{ a ".repeat(20), " }".repeat(20));
        assert_eq!(check(&deep).unwrap_err().code, Code::QueryTooDeep);
        let aliases: String = (0..31).map(|index| format!("a{index}: __typename ")).collect();
        assert_eq!(check(&format!("{{ viewer {{ {aliases} }} }}")).unwrap_err().code, Code::TooManyAliases);
        let directives = "@include(if: true) ".repeat(51);
        assert_eq!(
            check(&format!("{{ viewer {directives} {{ __typename }} }}")).unwrap_err().code,
            Code::TooManyDirectives
        );
    }
}
