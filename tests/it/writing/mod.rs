//! What every entity inherits of writing: changes that can be repeated, many at a time, records found by what else is their
//! own, and kept in step with other systems.
mod bulk;
mod language;
mod one_by;
mod repeat;
mod sync;

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use crate::{
    sales::deal::{SELLS, deal, pipeline},
    world::city::{Person, Town},
};

/// A town in which somebody sells.
struct House {
    town: Town,
    ann: Person,
    stages: Value,
}

impl House {
    async fn found() -> Self {
        let town = Town::found().await;
        let rights = ["account.read", "account.write", "account.delete", "audit.read", "event.read"];
        let ann = town.person("Ann", &[SELLS, &rights].concat()).await;
        let stages = pipeline(&town, &ann).await;
        Self { town, ann, stages }
    }

    /// What to make of a deal.
    fn deal(&self, name: &str) -> Value {
        deal(&self.stages["open"], name)
    }

    /// A deal: its id.
    async fn made(&self, name: &str) -> Value {
        self.ann.do_("dealCreate", self.deal(name), "deal { id }").await["deal"]["id"].clone()
    }

    /// The names and versions of all deals.
    async fn deals(&self) -> Vec<(String, i64)> {
        let query = "{ deals(first: 100, orderBy: [{ field: NAME }]) { nodes { name version } } }";
        let found = self.ann.get(query, json!({})).await["deals"]["nodes"].clone();
        let row =
            |deal: &Value| (deal["name"].as_str().unwrap().to_owned(), deal["version"].as_i64().unwrap());
        found.as_array().unwrap().iter().map(row).collect()
    }

    /// Lets a right extend only to the deals of a region.
    async fn only_in(&self, person: &Person, right: &str, region: &str) {
        self.only_where(person, right, "resource.region", region).await;
    }

    /// Lets a right extend only to the records of which this is so.
    async fn only_where(&self, person: &Person, right: &str, attribute: &str, value: &str) {
        let condition = json!({ "attribute": attribute, "operator": "eq", "value": value });
        let limit = format!(
            "UPDATE access.permission_grants g SET additional_conditions = '{condition}' FROM access.permissions p
             WHERE g.organization_id = '{}' AND g.user_id = '{}' AND p.id = g.permission_id AND p.name = '{right}'",
            self.town.organization, person.user
        );
        self.town.owner().await.batch_execute(&limit).await.unwrap();
    }
}

/// Code and path of every error.
fn errors(payload: &Value) -> Vec<(String, String)> {
    let each = |error: &Value| {
        let path = error["path"].as_array().unwrap().iter().map(|step| step.as_str().unwrap());
        (error["code"].as_str().unwrap().to_owned(), path.collect::<Vec<_>>().join("."))
    };
    payload["userErrors"].as_array().unwrap().iter().map(each).collect()
}

fn of(errors: &[(&str, &str)]) -> Vec<(String, String)> {
    errors.iter().map(|(code, path)| ((*code).to_owned(), (*path).to_owned())).collect()
}
