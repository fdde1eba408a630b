//! The generated table modules are those of the migrated database: same tables, columns, types, nulls and comments.
use std::collections::BTreeMap;

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Bool, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use super::repository;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn names(query: &str) -> Vec<String> {
    let names: Vec<Name> = sql_query(query).load(&mut super::owner().await).await.unwrap();
    names.into_iter().map(|name| name.name).collect()
}

/// An index whose columns another one begins with costs every write and finds nothing that the other would not.
#[tokio::test]
async fn no_index_is_the_beginning_of_another() {
    let superfluous = names(
        "WITH indexes AS (
           SELECT i.indexrelid, i.indrelid, array_to_string(i.indkey, ' ') AS columns, i.indisunique
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname !~ '^(pg_|information_schema$|public$)' AND NOT c.relispartition AND i.indpred IS NULL)
         SELECT DISTINCT short.indexrelid::regclass::text AS name FROM indexes short JOIN indexes long USING (indrelid)
          WHERE NOT short.indisunique AND short.indexrelid <> long.indexrelid AND long.columns LIKE short.columns || ' %'",
    )
    .await;
    assert_eq!(superfluous, Vec::<String>::new());
}

/// What a mutation shows of the row that it wrote last is not read again.
#[tokio::test]
async fn no_trigger_changes_the_row_it_is_for_after_it_was_written() {
    let after =
        "SELECT t.tgrelid::regclass::text AS name FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
          WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgtype & 2 = 0 AND t.tgtype & 1 = 1";
    assert!(names(after).await.len() > 3);
    // the organizations' epochs are no row that anybody is shown; the level of a role is passed on to other roles
    let own = format!(
        "{after} AND f.prosrc ~* ('update\\s+(only\\s+)?' || t.tgrelid::regclass::text) AND f.proname <> 'pass_role_level_on'"
    );
    assert_eq!(names(&own).await, Vec::<String>::new());
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    ty: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
}

#[tokio::test]
async fn the_table_modules_are_those_of_the_database() {
    let columns: Vec<Column> = sql_query(
        "SELECT n.nspname || '.' || c.relname AS table, a.attname::text AS name, t.typname::text AS ty, NOT a.attnotnull AS nullable,
                col_description(c.oid, a.attnum) AS comment
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)'
            AND c.relkind IN ('r','p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped",
    )
    .load(&mut super::owner().await)
    .await
    .unwrap();
    let database: BTreeMap<String, (String, String)> = columns
        .into_iter()
        .map(|column| {
            let ty = diesel_type(&column.ty);
            let ty = if column.nullable { format!("Nullable<{ty}>") } else { ty };
            (format!("{}.{}", column.table, column.name), (ty, column.comment.unwrap_or_default()))
        })
        .collect();
    let mut generated = BTreeMap::new();
    for schema in [
        "identity",
        "access",
        "billing",
        "chat",
        "sales",
        "finance",
        "governance",
        "security",
        "audit",
        "ops",
    ] {
        read(schema, &mut generated);
    }
    assert!(generated.len() > 300);
    for (name, column) in &database {
        assert_eq!(generated.get(name), Some(column), "{name}: run `make tables`");
    }
    assert_eq!(
        generated.len(),
        database.len(),
        "a generated column is not in the database: run `make tables`"
    );
}

/// Reads `table! { … }` blocks: a comment, a name, a type.
fn read(schema: &str, columns: &mut BTreeMap<String, (String, String)>) {
    let text = std::fs::read_to_string(repository().join(format!("src/store/tables/{schema}.rs"))).unwrap();
    let (mut table, mut comment) = (String::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.trim().to_owned());
        } else if let Some((name, _)) =
            line.split_once(" (").filter(|(name, _)| name.starts_with(&format!("{schema}.")))
        {
            name.clone_into(&mut table);
            comment.clear();
        } else if let Some((name, ty)) = line.split_once(" -> ").filter(|_| !line.starts_with("diesel::")) {
            let about = std::mem::take(&mut comment).join("\n");
            columns.insert(format!("{table}.{name}"), (ty.trim_end_matches(',').to_owned(), about));
        } else if !line.starts_with("#[") {
            comment.clear();
        }
    }
}

fn diesel_type(postgres: &str) -> String {
    if let Some(item) = postgres.strip_prefix('_') {
        return format!("Array<Nullable<{}>>", diesel_type(item));
    }
    match postgres {
        "bpchar" => "Bpchar".to_owned(),
        other => other[..1].to_uppercase() + &other[1..],
    }
}
