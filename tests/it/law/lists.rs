//! A list below a record is read in its order by an index: what others own costs nothing.
use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;

use super::{owner, rust_files};

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    columns: String,
}

/// What stands between `from` and `to`, and what comes after.
fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<(&'t str, &'t str)> {
    text.split_once(from)?.1.split_once(to)
}

/// The columns of each type's default order, as `order!` says: `… for Deal { … CreatedAt = created_at … } default […]`.
fn orders(text: &str) -> BTreeMap<String, Vec<String>> {
    let declared = text.split("order! {").skip(1);
    let orders = declared.filter_map(|order| {
        let (name, rest) = between(order, " for ", " {")?;
        let (fields, rest) = rest.split_once("} default [")?;
        let column = |field: &str| {
            let line = fields.lines().find_map(|line| line.trim().strip_prefix(field)?.strip_prefix(" = "));
            line.unwrap_or_else(|| panic!("{name} has no {field}"))
                .split([' ', ','])
                .next()
                .unwrap()
                .to_owned()
        };
        let keys = rest.split(']').next()?.split(',');
        Some((name.to_owned(), keys.map(|key| column(key.split_whitespace().next().unwrap())).collect()))
    });
    orders.collect()
}

/// The table of each type, as `entity!` says.
pub fn tables(text: &str) -> BTreeMap<String, String> {
    let declared = text.split("entity!(").skip(1);
    let words = declared.map(|entity| entity.split(',').map(str::trim).collect::<Vec<_>>());
    words
        .map(|words| (words[0].to_owned(), words[2].trim_end_matches([')', ';']).replace("::", ".")))
        .collect()
}

/// Which type hangs on which column: `.children::<Deal>("deals", deals::stage_id)`.
fn children(text: &str) -> BTreeSet<(String, String)> {
    let declared = text.split(".children::<").skip(1);
    let links = declared.filter_map(|list| {
        let (child, rest) = list.split_once(">(")?;
        let link = rest.split([',', ')']).nth(1)?.trim();
        let (_, column) = link.split_once("::").filter(|(_, column)| !column.contains(['(', ':']))?;
        Some((child.to_owned(), column.to_owned()))
    });
    links.collect()
}

/// The tables and columns of all indexes, in order.
pub async fn indexes() -> Vec<String> {
    let indexes: Vec<Index> = sql_query(
        "SELECT i.indrelid::regclass::text || ' ' || string_agg(a.attname, ' ' ORDER BY k.place) || ' ' AS columns
           FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
          WHERE a.attrelid = i.indrelid AND a.attnum = k.attnum GROUP BY i.indexrelid, i.indrelid",
    )
    .load(&mut owner().await)
    .await
    .unwrap();
    indexes.into_iter().map(|index| index.columns).collect()
}

#[tokio::test]
async fn lists_are_read_in_their_order_by_an_index() {
    let texts: String = rust_files("src/domains").into_iter().map(|(_, text)| text).collect();
    let (orders, tables) = (orders(&texts), tables(&texts));
    let indexes = indexes().await;
    let lists = children(&texts);
    assert!(lists.len() > 50, "only {} lists were found", lists.len());
    let mut slow = Vec::new();
    for (child, column) in &lists {
        let mut wanted = vec!["organization_id", column];
        wanted.extend(orders[child].iter().map(String::as_str));
        wanted.dedup();
        let wanted = format!("{} {} ", tables[child], wanted.join(" "));
        if !indexes.iter().any(|index| index.starts_with(&wanted)) {
            slow.push(wanted);
        }
    }
    assert_eq!(slow, Vec::<String>::new(), "these columns need an index in this order, and the id behind it");
}
