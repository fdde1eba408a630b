//! One example of each root field: an operation that is valid, its variables, and the form of its answer.
use async_graphql::indexmap::IndexMap;

use super::{
    Root,
    json::Json,
    words::{id_of, kind_of, pascal, record_in, scalar, told_of},
};
use crate::graph::{
    rows::prefix_of_type,
    sdl::{Composite, Field, Input, Kind, Sdl, Type, is_list, target},
};

/// An operation with its variables, and what is answered.
#[derive(Debug)]
pub struct Example {
    pub document: String,
    /// As JSON.
    pub variables: String,
    /// As JSON. Values are made up; names, lists and types are those of the real answer.
    pub answer: String,
}

/// So many fields of a record are enough.
const LEAVES: usize = 6;
/// So many objects below it.
const BRANCHES: usize = 2;
/// How deep.
const DEPTH: usize = 5;

pub(super) fn of(sdl: &Sdl, root: Root, name: &str, field: &Field) -> Example {
    let maker = Maker { sdl, operation: name };
    let is_wanted = |(argument, input): &(&String, &Input)| {
        let argument = argument.as_str();
        input.is_required()
            || argument == "id" && field.arguments.contains_key("by")
            || argument == "first" && sdl.field(target(&field.ty), "pageInfo").is_some()
    };
    let told: Vec<(&String, &Input)> = field.arguments.iter().filter(is_wanted).collect();
    let declared = told.iter().map(|(argument, input)| {
        let must = if input.is_required() || input.ty.nullable { "" } else { "!" };
        format!("${argument}: {}{must}", input.ty)
    });
    let declared = declared.collect::<Vec<_>>().join(", ");
    let passed = told.iter().map(|(argument, _)| format!("{argument}: ${argument}"));
    let passed = passed.collect::<Vec<_>>().join(", ");
    let in_brackets = |text: String| if text.is_empty() { text } else { format!("({text})") };
    let mut document = format!("{} {}{} {{\n  {name}", root.word(), pascal(name), in_brackets(declared));
    document += &in_brackets(passed);
    let answer = maker.below(&field.ty, 2).map(|(asked, answer)| {
        document += &asked;
        answer
    });
    document += "\n}";
    let variables =
        told.iter().map(|(argument, input)| ((*argument).clone(), maker.given(argument, input, 0)));
    let answer = answer.unwrap_or_else(|| maker.leaf(name, &field.ty, None));
    let data = Json::Object(vec![(name.to_owned(), answer)]);
    Example {
        document,
        variables: Json::Object(variables.collect()).to_string(),
        answer: Json::Object(vec![("data".to_owned(), data)]).to_string(),
    }
}

struct Maker<'s> {
    sdl: &'s Sdl,
    operation: &'s str,
}

impl Maker<'_> {
    // ---- what is given

    fn given(&self, name: &str, input: &Input, depth: usize) -> Json {
        let of = target(&input.ty);
        let one = match self.sdl.types.get(of).map(|named| &named.kind) {
            Some(Kind::Input { one_of, fields }) => self.object(fields, *one_of, depth + 1),
            Some(Kind::Enum(_)) => self.enum_value(of),
            _ if of == "ID" => id_of(kind_of(self.operation, name)),
            _ => scalar(of, name),
        };
        if is_list(&input.ty) { Json::List(vec![one]) } else { one }
    }

    /// What has to be said; where that is only which record, something of it too.
    fn object(&self, fields: &IndexMap<String, Input>, one_of: bool, depth: usize) -> Json {
        let is_leaf = |input: &Input| {
            !matches!(
                self.sdl.types.get(target(&input.ty)).map(|named| &named.kind),
                Some(Kind::Input { .. })
            )
        };
        let mut told: Vec<&String> =
            fields.iter().filter(|(_, input)| input.is_required()).map(|(name, _)| name).collect();
        if one_of {
            told = fields.keys().take(1).collect();
        } else if told.iter().all(|name| *name == "id") && depth < DEPTH {
            let optional = fields.iter().filter(|(_, input)| !input.is_required());
            told.extend(optional.clone().map(|(name, _)| name).find(|name| *name == "expectedVersion"));
            let more = optional.filter(|(name, input)| {
                *name != "expectedVersion"
                    && target(&input.ty) != "ID"
                    && is_leaf(input)
                    && !is_list(&input.ty)
            });
            told.extend(more.map(|(name, _)| name).take(1));
        }
        let given = told.into_iter().filter_map(|name| {
            let input = fields.get(name)?;
            Some((name.clone(), self.given(name, input, depth)))
        });
        Json::Object(given.collect())
    }

    fn enum_value(&self, of: &str) -> Json {
        match self.sdl.types.get(of).map(|named| &named.kind) {
            Some(Kind::Enum(values)) => {
                let first = values.iter().find(|(_, value)| value.deprecated.is_none());
                Json::Text(first.map(|(name, _)| name.clone()).unwrap_or_default())
            }
            _ => Json::Plain("null"),
        }
    }

    // ---- what is asked for, and answered

    fn leaf(&self, name: &str, ty: &Type, owner: Option<&str>) -> Json {
        let of = target(ty);
        let one = match self.sdl.types.get(of).map(|named| &named.kind) {
            Some(Kind::Enum(_)) => self.enum_value(of),
            _ if of == "ID" => {
                let of_owner = owner.filter(|_| name == "id").and_then(record_in);
                id_of(of_owner.or_else(|| told_of(self.operation, name)))
            }
            _ => scalar(of, name),
        };
        if is_list(ty) { Json::List(vec![one]) } else { one }
    }

    /// What is asked of a type, in brackets, and what is answered; nothing of a leaf. Its fields stand `level` levels deep.
    fn below(&self, ty: &Type, level: usize) -> Option<(String, Json)> {
        let of = target(ty);
        let mut body = Body { level, ..Body::default() };
        match &self.sdl.types.get(of)?.kind {
            Kind::Object(object) => self.fields(of, object, &mut body),
            // an example is an example of what went well
            Kind::Interface(interface) if of == "UserError" => self.fields(of, interface, &mut body),
            Kind::Interface(interface) => {
                let member = self.member(of);
                body.typename(member);
                let is_plain = |field: &Field| {
                    self.is_leaf(&field.ty) && !field.arguments.values().any(Input::is_required)
                };
                let leaves = interface.fields.iter().filter(|(_, field)| is_plain(field));
                leaves.for_each(|(name, field)| body.leaf(name, self.leaf(name, &field.ty, member)));
            }
            Kind::Union(_) => {
                let member = self.member(of)?;
                body.typename(Some(member));
                let Kind::Object(object) = &self.sdl.types.get(member)?.kind else { return None };
                let mut inner = Body { level: level + 1, ..Body::default() };
                self.fields(member, object, &mut inner);
                body.line(&format!("... on {member} {{{}\n{:width$}}}", inner.lines, "", width = level * 2));
                body.answer.extend(inner.answer);
            }
            Kind::Scalar | Kind::Enum(_) | Kind::Input { .. } => return None,
        }
        if body.answer.is_empty() {
            body.typename(Some(of));
        }
        let one = Json::Object(body.answer);
        let answer = match (is_list(ty), of) {
            (true, "UserError") => Json::List(Vec::new()),
            (true, _) => Json::List(vec![one]),
            (false, _) => one,
        };
        Some((format!(" {{{}\n{:width$}}}", body.lines, "", width = (level - 1) * 2), answer))
    }

    /// The member that an example shows: not what every stream has.
    fn member(&self, of: &str) -> Option<&str> {
        const STREAM: [&str; 3] = ["StreamOpened", "StreamReset", "AccessRevoked"];
        if let Kind::Union(members) = &self.sdl.types.get(of)?.kind {
            let told = members.iter().find(|member| !STREAM.contains(&member.as_str()));
            return told.or_else(|| members.first()).map(String::as_str);
        }
        let is_member = |name: &&String| match self.sdl.types.get(*name).map(|named| &named.kind) {
            Some(Kind::Object(object)) => object.implements.contains(of),
            _ => false,
        };
        let members = || self.sdl.types.keys().filter(is_member);
        members().find(|name| *name == "Deal").or_else(|| members().next()).map(String::as_str)
    }

    /// What is built in has no definition.
    fn is_leaf(&self, ty: &Type) -> bool {
        let kind = self.sdl.types.get(target(ty)).map(|named| &named.kind);
        matches!(kind, None | Some(Kind::Scalar | Kind::Enum(_)))
    }

    fn fields(&self, of: &str, composite: &Composite, body: &mut Body) {
        let is_node = prefix_of_type(of).is_some();
        let is_page = |of: &str| self.sdl.field(of, "pageInfo").is_some();
        let (mut leaves, mut branches) = (0, 0);
        for (name, field) in &composite.fields {
            if field.deprecated.is_some() || field.arguments.values().any(Input::is_required) {
                continue;
            }
            if self.is_leaf(&field.ty) {
                if leaves < LEAVES {
                    leaves += 1;
                    body.leaf(name, self.leaf(name, &field.ty, Some(of)));
                }
                continue;
            }
            let below = target(&field.ty);
            let is_wanted = match name.as_str() {
                "userErrors" => true,
                name if is_page(of) => matches!(name, "nodes" | "pageInfo"),
                // what a record leads to has pages of its own in the reference
                _ if is_page(below) || is_node && prefix_of_type(below).is_some() => false,
                _ => body.level < DEPTH && branches < BRANCHES,
            };
            if is_wanted && let Some((asked, answer)) = self.below(&field.ty, body.level + 1) {
                branches += 1;
                body.line(&format!("{name}{asked}"));
                body.answer.push((name.clone(), answer));
            }
        }
    }
}

/// What stands in the brackets of a field, and what is answered for it.
#[derive(Default)]
struct Body {
    level: usize,
    lines: String,
    answer: Vec<(String, Json)>,
}

impl Body {
    fn line(&mut self, text: &str) {
        self.lines += &format!("\n{:width$}{text}", "", width = self.level * 2);
    }

    fn leaf(&mut self, name: &str, value: Json) {
        self.line(name);
        self.answer.push((name.to_owned(), value));
    }

    fn typename(&mut self, of: Option<&str>) {
        self.leaf("__typename", Json::Text(of.unwrap_or_default().to_owned()));
    }
}
