//! Requirements: what a framework demands, as a tree, each met by any number of controls.
use crate::{
    domains::{
        governance::{
            control::{ComplianceControl, REQUIREMENTS},
            framework::{ComplianceFramework, ComplianceFrameworkFilter},
        },
        prelude::*,
    },
    store::tables::governance::compliance_requirements,
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = compliance_requirements, check_for_backend(Pg))]
pub struct ComplianceRequirement {
    pub id: Id<ComplianceRequirement>,
    pub framework_id: Id<ComplianceFramework>,
    pub code: String,
    pub title: String,
    pub description: Option<String>,
    pub parent_id: Option<Id<ComplianceRequirement>>,
    pub position: i32,
}

entity!(
    ComplianceRequirement, "requirement", governance::compliance_requirements, needs "framework.read",
    owner OrganizationOrPlatform, part framework_id of ComplianceFramework
);

impl Entity for ComplianceRequirement {
    const SEARCHED: &'static [&'static str] = &["title", "code", "description"];

    fn fields(requirement: &mut Fields<Self>) {
        columns! { requirement: ComplianceRequirement {
            id, code, title, description, position,
        } keeps { framework_id, parent_id } }
        requirement
            .one("framework", |requirement| Some(requirement.framework_id))
            .about_column("framework_id")
            .required();
        requirement.one("parent", |requirement| requirement.parent_id).about_column("parent_id");
        requirement
            .children::<ComplianceRequirement>("children", compliance_requirements::parent_id)
            .about("The requirements it is divided into.");
        requirement
            .children::<ComplianceControl>("controls", CONTROLS)
            .about("The organization's controls that help to meet it.");
        requirement.aggregate().by(&["framework", "parent"]);
    }
}

/// Which controls help to meet a requirement.
const CONTROLS: Pairs = REQUIREMENTS.back();

filter! { ComplianceRequirementFilter for ComplianceRequirement in compliance_requirements {
    id: Compare<Id<ComplianceRequirement>>,
    code: Compare<String>,
    title: Compare<String>,
    framework: ComplianceFrameworkFilter => through framework_id,
    parent_id: Compare<Id<ComplianceRequirement>>,
    parent: ComplianceRequirementFilter => through parent_id,
    children: Related<ComplianceRequirement> => by compliance_requirements::parent_id,
    controls: Related<ComplianceControl> => paired CONTROLS,
} }

order! { ComplianceRequirementOrder, ComplianceRequirementOrderField for ComplianceRequirement {
    /// Its place in the framework.
    Position = position,
    /// Its number in the framework.
    Code = code,
    /// Its title.
    Title = title,
    /// The place of the requirement that it is a part of.
    ParentPosition = parent_id -> ComplianceRequirement.position,
    /// The name of its framework.
    FrameworkName = framework_id -> ComplianceFramework.name,
} default [Position Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ComplianceRequirement>("complianceRequirement")
        .about("A requirement by its id; null when there is none that you may see.");
    query
        .list::<ComplianceRequirement>("complianceRequirements")
        .about("Requirements of all frameworks, by their place in them unless ordered otherwise.");
}
