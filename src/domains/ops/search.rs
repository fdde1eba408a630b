//! Searching across records of many kinds.
use async_graphql::Enum;

use crate::graph::rows::{Fields, Query};

/// A kind of record that is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SearchType {
    /// Companies, by name, domain, external id and industry.
    Account,
    /// Budgets, by name.
    Budget,
    /// Controls, by name, key, description and objective.
    ComplianceControl,
    /// Frameworks, by name and description.
    ComplianceFramework,
    /// Issues, by description, plan and resolution.
    ComplianceIssue,
    /// Requirements, by title, code and description.
    ComplianceRequirement,
    /// Conversations, by title, summary and description.
    Conversation,
    /// Cost centers, by name and code.
    CostCenter,
    /// Deals, by name, external id, industry, and why they were closed.
    Deal,
    /// Departments, by name and code.
    Department,
    /// Messages, by what they say; a new one is found a second or two after it was sent.
    Message,
    /// Roles, by name and description.
    Role,
    /// Teams, by name and description.
    Team,
    /// People, by name and address.
    User,
}

pub fn queries(query: &mut Fields<Query>) {
    query.search::<SearchType>("search").about(
        "Records of many kinds with certain words in their texts, the best first. Only those are found that you may see, and \
         only by what you are shown of them as it is.",
    );
}
