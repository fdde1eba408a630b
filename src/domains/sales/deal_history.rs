//! What was changed of a deal, by whom and when: written by the database itself (004 §3.2).
use crate::{
    domains::{
        identity::user::{User, UserFilter},
        prelude::*,
        sales::deal::{Deal, DealFilter},
    },
    graph::rows::masked_field,
    store::tables::sales::deal_history,
};

text_enum! {
    /// What made a change.
    ChangeSource {
        /// A person.
        User = "user",
        /// An import from another system.
        Sync = "sync",
        /// Portico itself.
        System = "system",
        /// An agent.
        Ai = "ai",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = deal_history, check_for_backend(Pg))]
pub struct DealHistoryEntry {
    pub id: Id<DealHistoryEntry>,
    pub deal_id: Id<Deal>,
    pub field_changed: String,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
    pub changed_by: Option<Id<User>>,
    pub change_source: ChangeSource,
    pub changed_at: DateTime<Utc>,
}

entity!(DealHistoryEntry, "dealhist", sales::deal_history, needs "deal.history.read", part deal_id of Deal);

impl Entity for DealHistoryEntry {
    fn fields(entry: &mut Fields<Self>) {
        columns! { entry: DealHistoryEntry {
            id, field_changed, old_value needs "deal.value.read", new_value needs "deal.value.read",
            change_source, changed_at,
        } keeps { deal_id, changed_by } }
        for values in ["oldValue", "newValue"] {
            entry.masked_as(values, |entry, masks| {
                Some((<Deal as Object>::NAME, masked_field::<Deal>(masks, &entry.field_changed)?))
            });
        }
        entry.one("changedBy", |entry| entry.changed_by).about_column("changed_by");
        entry.one("deal", |entry| Some(entry.deal_id)).about_column("deal_id").required();
        entry
            .aggregate()
            .ranges(&["changedAt"])
            .by(&["fieldChanged", "changeSource", "changedBy", "deal"])
            .by_period(&["changedAt"]);
    }
}

filter! { DealHistoryFilter for DealHistoryEntry in deal_history {
    field_changed: Compare<String>,
    change_source: Compare<ChangeSource>,
    changed_at: Compare<DateTime<Utc>>,
    changed_by: UserFilter => through changed_by,
    deal: DealFilter => through deal_id,
} }

order! { DealHistoryOrder, DealHistoryOrderField for DealHistoryEntry {
    /// When it was changed.
    ChangedAt = changed_at,
} default [ChangedAt Desc] }
