//! The comments of tables and columns at run time, read from the generated modules.
use std::collections::HashMap;
use std::sync::LazyLock;

const MODULES: [&str; 10] = [
    include_str!("access.rs"),
    include_str!("audit.rs"),
    include_str!("billing.rs"),
    include_str!("chat.rs"),
    include_str!("finance.rs"),
    include_str!("governance.rs"),
    include_str!("identity.rs"),
    include_str!("ops.rs"),
    include_str!("sales.rs"),
    include_str!("security.rs"),
];

/// Keys are `schema.table` and `schema.table.column`.
static COMMENTS: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| MODULES.into_iter().flat_map(comments).collect());

/// What the database says a table (no `column`) or one of its columns is.
pub fn describe(schema: &str, table: &str, column: Option<&str>) -> Option<&'static str> {
    let key = match column {
        Some(column) => format!("{schema}.{table}.{column}"),
        None => format!("{schema}.{table}"),
    };
    COMMENTS.get(&key).map(String::as_str)
}

/// A column as a condition may name it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    /// Diesel's name of its type: `Text`, `Nullable<Uuid>`.
    pub ty: &'static str,
}

impl Column {
    /// The values of a closed list, as the comment names them: `One of: open, closed.`
    pub fn values(&self, schema: &str, table: &str) -> Vec<&'static str> {
        let comment = describe(schema, table, Some(self.name)).unwrap_or_default();
        let list = comment.split_once("One of: ").and_then(|(_, list)| list.split('.').next());
        list.into_iter().flat_map(|list| list.split(", ")).map(str::trim).collect()
    }
}

/// Keys are `schema.table.column`.
static COLUMNS: LazyLock<HashMap<String, Column>> =
    LazyLock::new(|| MODULES.into_iter().flat_map(columns).collect());

/// A column of a table.
pub fn column(schema: &str, table: &str, name: &str) -> Option<Column> {
    COLUMNS.get(&format!("{schema}.{table}.{name}")).copied()
}

fn columns(module: &'static str) -> Vec<(String, Column)> {
    let (mut found, mut table) = (Vec::new(), "");
    for line in module.lines().map(str::trim).filter(|line| !line.starts_with("///")) {
        if let Some((name, ty)) = line.split_once(" -> ") {
            found.push((format!("{table}.{name}"), Column { name, ty: ty.trim_end_matches(',') }));
        } else if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name;
        }
    }
    found
}

/// A generated module is a comment, then `schema.table (keys) {`, then per column a comment and `name -> Type,`.
/// A column whose Rust name differs is preceded by `#[sql_name = "…"]`.
fn comments(module: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut comment = String::new();
    let mut table = "";
    let mut sql_name = None;
    for line in module.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            if !comment.is_empty() {
                comment.push('\n');
            }
            comment.push_str(text.trim());
            continue;
        }
        if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            sql_name = name.split('"').next();
            continue;
        }
        let name = if let Some((name, _)) = line.split_once(" -> ") {
            Some(format!("{table}.{}", sql_name.take().unwrap_or(name)))
        } else if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name;
            Some(name.to_owned())
        } else {
            None
        };
        let comment = std::mem::take(&mut comment);
        if let Some(name) = name.filter(|_| !comment.is_empty()) {
            found.push((name, comment));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{column, describe};

    #[test]
    fn comments_are_found_at_run_time() {
        assert_eq!(describe("sales", "deals", None), Some("A sale that is being worked on, won or lost."));
        assert_eq!(describe("sales", "deals", Some("name")), Some("Name of the deal; null when not told."));
        assert_eq!(describe("sales", "deals", Some("colour")), None);
    }

    #[test]
    fn columns_are_found_with_their_types_and_lists() {
        let status = column("sales", "deals", "status").unwrap();
        assert_eq!(status.ty, "Text");
        assert_eq!(status.values("sales", "deals"), ["open", "won", "lost"]);
        assert_eq!(column("sales", "deals", "owner_id").unwrap().ty, "Nullable<Uuid>");
        assert!(column("sales", "deals", "colour").is_none());
    }
}
