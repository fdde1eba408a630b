//! Whatever a reader of the API or of the database can see is described.
use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;

#[test]
fn everything_in_the_schema_is_described() {
    let document = parse_schema(portico::graph::schema::sdl()).unwrap();
    let mut bare = Vec::new();
    let mut look = |name: String, about: Option<String>| {
        let words = about.unwrap_or_default();
        let own = words.lines().find(|line| !line.starts_with("Requires:") && !line.trim().is_empty());
        if own.is_none() {
            bare.push(name);
        }
    };
    for definition in document.definitions {
        let TypeSystemDefinition::Type(ty) = definition else { continue };
        let of = ty.node.name.node.to_string();
        look(of.clone(), ty.node.description.map(|about| about.node));
        match ty.node.kind {
            TypeKind::Object(async_graphql::parser::types::ObjectType { fields, .. })
            | TypeKind::Interface(async_graphql::parser::types::InterfaceType { fields, .. }) => {
                for field in fields {
                    let name = format!("{of}.{}", field.node.name.node);
                    for argument in field.node.arguments {
                        let name = format!("{name}({})", argument.node.name.node);
                        look(name, argument.node.description.map(|about| about.node));
                    }
                    look(name, field.node.description.map(|about| about.node));
                }
            }
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    look(
                        format!("{of}.{}", field.node.name.node),
                        field.node.description.map(|about| about.node),
                    );
                }
            }
            TypeKind::Enum(values) => {
                for value in values.values {
                    look(
                        format!("{of}.{}", value.node.value.node),
                        value.node.description.map(|about| about.node),
                    );
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    assert!(bare.is_empty(), "not described: {}", bare.join(", "));
}

/// A client that is typed by the schema believes its `!`.
#[test]
fn what_is_said_to_be_null_sometimes_is_not_typed_as_never_null() {
    let says_so = |about: &str| {
        let mut words = about.split(|letter: char| !letter.is_alphanumeric());
        words.any(|word| word == "null")
    };
    let sdl = super::sdl::Sdl::read();
    let (mut said, mut wrong) = (0, Vec::new());
    for (name, ty) in &sdl.0 {
        for (field, declared) in ty.fields.iter().filter(|(_, declared)| says_so(&declared.about)) {
            said += 1;
            if !declared.nullable {
                wrong.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(said > 200, "{said}");
    assert!(wrong.is_empty(), "never null by their type, but by their description: {}", wrong.join(", "));
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[tokio::test]
async fn everything_in_the_database_is_described() {
    let bare: Vec<Name> = sql_query(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)'
            AND c.relkind IN ('r','p') AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') IS NULL
         UNION ALL
         SELECT c.oid::regclass::text || '.' || a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)'
            AND c.relkind IN ('r','p') AND NOT c.relispartition AND col_description(c.oid, a.attnum) IS NULL
         UNION ALL
         SELECT conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)'
            AND k.contype IN ('p','f','c','u') AND k.conparentid = 0
            AND NOT EXISTS (SELECT FROM pg_class p WHERE p.oid = k.conrelid AND p.relispartition)
            AND obj_description(k.oid, 'pg_constraint') IS NULL",
    )
    .load(&mut super::owner().await)
    .await
    .unwrap();
    let bare: Vec<String> = bare.into_iter().map(|bare| bare.name).collect();
    assert!(bare.is_empty(), "without a comment: {}", bare.join(", "));
}
