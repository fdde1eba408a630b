//! What a user and a group are here (RFC 7643): their attributes, as `/Schemas` tells them and as bodies are read by.
use serde_json::{Map, Value, json};

use super::{
    error::{Error, Kind, Result},
    filter::Path,
};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// An attribute of a resource, or of another attribute.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a characteristic of RFC 7643 §7, told as true or false"
)]
pub struct Attribute {
    pub name: &'static str,
    about: &'static str,
    pub ty: Type,
    pub several: bool,
    pub required: bool,
    /// Whether letters count as they are written.
    exact: bool,
    pub read_only: bool,
    unique: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Type {
    Text,
    Bool,
    Reference(&'static [&'static str]),
    Complex(&'static [Attribute]),
}

/// A text that may be told or not: what most attributes are.
const fn text(name: &'static str, about: &'static str) -> Attribute {
    Attribute {
        name,
        about,
        ty: Type::Text,
        several: false,
        required: false,
        exact: false,
        read_only: false,
        unique: false,
    }
}

/// One of several values, as most attributes with several have them.
const VALUE: &[Attribute] = &[
    text("value", "The value itself."),
    text("display", "The value as it is shown."),
    text("type", "What kind of value, such as work, home or mobile."),
    Attribute { ty: Type::Bool, ..text("primary", "Whether it is the one that is used.") },
];

const NAME: &[Attribute] = &[
    text("formatted", "The whole name, as it is written."),
    text("familyName", "The family name."),
    text("givenName", "The given name."),
];

const USER_ATTRIBUTES: &[Attribute] = &[
    Attribute {
        required: true,
        unique: true,
        ..text("userName", "The name that is the person's in the directory, often their address.")
    },
    Attribute { ty: Type::Complex(NAME), ..text("name", "The parts of the person's name.") },
    text("displayName", "The name as it is shown to others."),
    text("title", "The position in the organization."),
    text("locale", "Language and region."),
    text("timezone", "The time zone, such as Europe/Berlin."),
    Attribute { ty: Type::Bool, ..text("active", "Whether the person may work in the organization.") },
    Attribute { ty: Type::Complex(VALUE), several: true, ..text("emails", "E-mail addresses.") },
    Attribute { ty: Type::Complex(VALUE), several: true, ..text("phoneNumbers", "Telephone numbers.") },
];

const MANAGER: &[Attribute] = &[
    Attribute { exact: true, ..text("value", "The id of the user to whom the person reports.") },
    Attribute {
        ty: Type::Reference(&["User"]),
        read_only: true,
        ..text("$ref", "The address of that user.")
    },
];

const ENTERPRISE_ATTRIBUTES: &[Attribute] = &[
    text(
        "department",
        "The department as the directory calls it; the membership follows where there is one with this name or code.",
    ),
    Attribute { ty: Type::Complex(MANAGER), ..text("manager", "To whom the person reports.") },
];

const MEMBER: &[Attribute] = &[
    Attribute { exact: true, ..text("value", "The id of the user who is in the group.") },
    Attribute {
        ty: Type::Reference(&["User"]),
        read_only: true,
        ..text("$ref", "The address of that user.")
    },
    Attribute { read_only: true, ..text("display", "The name of that user.") },
    Attribute { read_only: true, ..text("type", "Always User: groups are not in groups.") },
];

const GROUP_ATTRIBUTES: &[Attribute] = &[
    Attribute {
        required: true,
        unique: true,
        ..text("displayName", "The name of the team that the group is.")
    },
    Attribute { ty: Type::Complex(MEMBER), several: true, ..text("members", "The users who are in it.") },
];

/// What every resource has, whatever its schema says.
const COMMON: &[Attribute] = &[
    Attribute { exact: true, ..text("externalId", "The id in the directory.") },
    Attribute { exact: true, read_only: true, ..text("id", "The id here.") },
    Attribute { read_only: true, exact: true, several: true, ..text("schemas", "What it is.") },
    Attribute { ty: Type::Complex(META), read_only: true, ..text("meta", "About the resource.") },
];

const META: &[Attribute] = &[
    text("resourceType", "Its kind."),
    text("created", "When it was made."),
    text("lastModified", "When it was changed."),
];

/// Attributes of the standard that are taken without being kept: directories send them unasked.
const NOT_KEPT: &[&str] = &[
    "nickName",
    "profileUrl",
    "userType",
    "preferredLanguage",
    "password",
    "addresses",
    "ims",
    "photos",
    "groups",
    "entitlements",
    "roles",
    "x509Certificates",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
];

/// A kind of resource.
#[derive(Debug)]
pub struct Resource {
    pub name: &'static str,
    pub endpoint: &'static str,
    about: &'static str,
    pub schema: &'static str,
    attributes: &'static [Attribute],
    pub extension: Option<(&'static str, &'static [Attribute])>,
}

pub const USERS: &Resource = &Resource {
    name: "User",
    endpoint: "Users",
    about: "A member of the organization.",
    schema: USER,
    attributes: USER_ATTRIBUTES,
    extension: Some((ENTERPRISE, ENTERPRISE_ATTRIBUTES)),
};

pub const GROUPS: &Resource = &Resource {
    name: "Group",
    endpoint: "Groups",
    about: "A team of the organization.",
    schema: GROUP,
    attributes: GROUP_ATTRIBUTES,
    extension: None,
};

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub attribute: &'static Attribute,
    pub sub: Option<&'static Attribute>,
    /// Whether it stands in the extension.
    pub extended: bool,
}

fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

impl Resource {
    /// The attribute of a path. None where it is of the standard, and not kept here.
    pub fn find(&self, path: &Path, kind: Kind) -> Result<Option<Found>> {
        let unknown = || Error::bad(kind, format!("a {} has no attribute `{path}`", self.name));
        let is = |schema: &str| path.schema.as_ref().is_none_or(|said| said.eq_ignore_ascii_case(schema));
        let core = [self.attributes, COMMON].into_iter().find_map(|list| named(list, &path.name));
        let core = core.filter(|_| is(self.schema)).map(|attribute| (attribute, false));
        let extra = self.extension.filter(|(schema, _)| is(schema));
        let extra = extra.and_then(|(_, list)| named(list, &path.name)).map(|attribute| (attribute, true));
        let Some((attribute, extended)) = core.or(extra) else {
            let standard = NOT_KEPT.iter().any(|name| name.eq_ignore_ascii_case(&path.name))
                && (is(self.schema) || self.extension.is_some_and(|(schema, _)| is(schema)))
                && self.name == USERS.name;
            return if standard { Ok(None) } else { Err(unknown()) };
        };
        let sub = match (&path.sub, attribute.ty) {
            (None, _) => None,
            (Some(sub), Type::Complex(subs)) => match named(subs, sub) {
                Some(sub) => Some(sub),
                // the standard knows more of names and managers, and clients of everything
                None if ["name", "manager", "meta", "members"].contains(&attribute.name) => return Ok(None),
                None => return Err(unknown()),
            },
            (Some(_), _) => return Err(unknown()),
        };
        Ok(Some(Found { attribute, sub, extended }))
    }

    /// A body as it is kept: known attributes under their own names, each of its own form; the others are left out.
    pub fn read(&self, body: &Value) -> Result<Map<String, Value>> {
        let Value::Object(body) = body else {
            return Err(Error::bad(Kind::InvalidSyntax, "the body is no JSON object"));
        };
        if let Some(schemas) = entry(body, "schemas") {
            let ours = |schema: &Value| schema.as_str().is_some_and(|s| s.eq_ignore_ascii_case(self.schema));
            if !schemas.as_array().is_some_and(|schemas| schemas.iter().any(ours)) {
                return Err(Error::value(format!("`schemas` does not name `{}`", self.schema)));
            }
        }
        let mut read = Map::new();
        let common = COMMON.iter().filter(|attribute| !attribute.read_only);
        for attribute in self.attributes.iter().chain(common) {
            if let Some(value) = entry(body, attribute.name).map(|value| attribute.read(value)).transpose()? {
                read.extend(value.map(|value| (attribute.name.to_owned(), value)));
            }
        }
        if let Some((schema, attributes)) = self.extension
            && let Some(Value::Object(body)) = entry(body, schema)
        {
            let mut extension = Map::new();
            for attribute in attributes {
                if let Some(value) =
                    entry(body, attribute.name).map(|value| attribute.read(value)).transpose()?
                {
                    extension.extend(value.map(|value| (attribute.name.to_owned(), value)));
                }
            }
            if !extension.is_empty() {
                read.insert(schema.to_owned(), Value::Object(extension));
            }
        }
        Ok(read)
    }
}

/// A member of an object, whatever the case of its name.
pub fn entry<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

impl Attribute {
    /// A value of its form; none for what says that there is none.
    pub fn read(&self, value: &Value) -> Result<Option<Value>> {
        if value.is_null() {
            return Ok(None);
        }
        if !self.several {
            return self.read_one(value);
        }
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        let read = values.iter().map(|value| self.read_one(value)).collect::<Result<Vec<_>>>()?;
        let read: Vec<Value> = read.into_iter().flatten().collect();
        Ok((!read.is_empty()).then_some(Value::Array(read)))
    }

    /// The same for one of several values.
    pub fn read_one(&self, value: &Value) -> Result<Option<Value>> {
        let wrong = |wanted: &str| Error::value(format!("`{}` is {wanted}", self.name));
        match (self.ty, value) {
            (_, Value::Null) => Ok(None),
            (Type::Text | Type::Reference(_), Value::String(text)) => {
                Ok((!text.trim().is_empty()).then(|| text.as_str().into()))
            }
            (Type::Text | Type::Reference(_), _) => Err(wrong("a text")),
            (Type::Bool, Value::Bool(_)) => Ok(Some(value.clone())),
            // Entra writes them as texts
            (Type::Bool, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Some(true.into())),
                "false" => Ok(Some(false.into())),
                _ => Err(wrong("true or false")),
            },
            (Type::Bool, _) => Err(wrong("true or false")),
            (Type::Complex(subs), Value::Object(object)) => {
                let mut read = Map::new();
                for sub in subs {
                    if let Some(value) = entry(object, sub.name).map(|value| sub.read(value)).transpose()? {
                        read.extend(value.map(|value| (sub.name.to_owned(), value)));
                    }
                }
                Ok((!read.is_empty()).then_some(Value::Object(read)))
            }
            // `manager` and `members` are also told by the id alone
            (Type::Complex(subs), Value::String(text)) if named(subs, "value").is_some() => {
                Ok((!text.trim().is_empty()).then(|| json!({ "value": text })))
            }
            (Type::Complex(_), _) => Err(wrong("an object")),
        }
    }

    /// As `/Schemas` tells it.
    fn describe(&self) -> Value {
        let ty = match self.ty {
            Type::Text => "string",
            Type::Bool => "boolean",
            Type::Reference(_) => "reference",
            Type::Complex(_) => "complex",
        };
        let mut described = json!({
            "name": self.name,
            "type": ty,
            "multiValued": self.several,
            "description": self.about,
            "required": self.required,
            "mutability": if self.read_only { "readOnly" } else { "readWrite" },
            "returned": "default",
        });
        if let Some(described) = described.as_object_mut() {
            if !matches!(self.ty, Type::Complex(_) | Type::Bool) {
                described.insert("caseExact".to_owned(), self.exact.into());
            }
            described.insert("uniqueness".to_owned(), if self.unique { "server" } else { "none" }.into());
            match self.ty {
                Type::Complex(subs) => {
                    let subs: Vec<Value> = subs.iter().map(Self::describe).collect();
                    described.insert("subAttributes".to_owned(), subs.into());
                }
                Type::Reference(types) => {
                    described.insert("referenceTypes".to_owned(), json!(types));
                }
                Type::Text | Type::Bool => {}
            }
        }
        described
    }

    /// Whether letters count as they are written.
    pub const fn is_exact(&self) -> bool {
        self.exact
    }

    /// A part of it.
    pub fn part(&self, name: &str) -> Option<&'static Self> {
        match self.ty {
            Type::Complex(subs) => named(subs, name),
            _ => None,
        }
    }

    /// The attribute of it that is meant where none is named.
    pub fn value(&self) -> Option<&'static Self> {
        self.part("value")
    }
}

fn described(id: &str, name: &str, about: &str, attributes: &[Attribute], base: &str) -> Value {
    let attributes: Vec<Value> = attributes.iter().map(Attribute::describe).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id,
        "name": name,
        "description": about,
        "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") },
    })
}

/// `/Schemas`
pub fn schemas(base: &str) -> Vec<Value> {
    let extension = |resource: &Resource| {
        let (id, attributes) = resource.extension?;
        Some(described(id, "EnterpriseUser", "What an enterprise says of a member.", attributes, base))
    };
    let core = |resource: &Resource| {
        described(resource.schema, resource.name, resource.about, resource.attributes, base)
    };
    [USERS, GROUPS]
        .into_iter()
        .flat_map(|resource| [Some(core(resource)), extension(resource)])
        .flatten()
        .collect()
}

/// `/ResourceTypes`
pub fn resource_types(base: &str) -> Vec<Value> {
    let ty = |resource: &Resource| {
        let extensions = resource.extension.map(|(id, _)| json!({ "schema": id, "required": false }));
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": resource.name,
            "name": resource.name,
            "endpoint": format!("/{}", resource.endpoint),
            "description": resource.about,
            "schema": resource.schema,
            "schemaExtensions": Vec::from_iter(extensions),
            "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", resource.name) },
        })
    };
    [USERS, GROUPS].into_iter().map(ty).collect()
}

/// `/ServiceProviderConfig`
pub fn config(base: &str, most: i64) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": most },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API key",
            "description": "An API key of the organization that holds the permission scim.provision, as a bearer token.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}
