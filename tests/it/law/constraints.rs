//! Whatever the database refuses is explained to people: by the constraint's name, or by an entry of its own.
use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use portico::store::constraint::{NAMED, column_of};

#[derive(QueryableByName)]
struct Constraint {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = diesel::sql_types::Array<Text>)]
    columns: Vec<String>,
}

#[tokio::test]
async fn every_constraint_has_an_explanation() {
    let constraints: Vec<Constraint> = sql_query(
        "SELECT k.conname::text AS name, c.relname::text AS table,
                ARRAY(SELECT attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns
           FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname !~ '^(pg_|information_schema$|public$)'
            AND k.contype IN ('f','c','u') AND NOT c.relispartition AND k.conparentid = 0",
    )
    .load(&mut super::owner().await)
    .await
    .unwrap();
    assert!(constraints.len() > 100);
    let unexplained: Vec<String> = constraints
        .into_iter()
        .filter(|constraint| {
            let by_name = column_of(&constraint.table, &constraint.name);
            let explains_itself =
                by_name.is_some_and(|column| constraint.columns.iter().any(|known| known == column));
            !explains_itself && !NAMED.iter().any(|(name, ..)| *name == constraint.name)
        })
        .map(|constraint| format!("{} of {}", constraint.name, constraint.table))
        .collect();
    assert!(unexplained.is_empty(), "add to constraint::NAMED:\n{}", unexplained.join("\n"));
}
