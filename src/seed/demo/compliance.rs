//! Controls of the demo for the platform's frameworks, their tests, and what went wrong.
use anyhow::Result;
use chrono::{DateTime, Duration, Months, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Calendar, Team};
use crate::seed::load::Loader;
use crate::seed::rows::{Control, ControlRequirement, ControlTest, Issue};
use crate::seed::tenant::Tenant;

/// The platform's organization, which owns the frameworks.
const PLATFORM: Uuid = Uuid::nil();

/// The platform's frameworks and requirements by name and code.
pub(super) struct Frameworks(Vec<Requirement>);

struct Requirement {
    framework: String,
    code: String,
    framework_id: Uuid,
    id: Uuid,
}

impl Frameworks {
    pub(super) async fn read(loader: &Loader) -> Result<Self> {
        let all = "SELECT f.name, r.code, f.id, r.id FROM governance.compliance_requirements r
            JOIN governance.compliance_frameworks f ON f.organization_id = r.organization_id AND f.id = r.framework_id
            WHERE r.organization_id = '00000000-0000-0000-0000-000000000000'";
        let rows = loader.client().query(all, &[]).await?;
        let requirement = |row: &tokio_postgres::Row| Requirement {
            framework: row.get(0),
            code: row.get(1),
            framework_id: row.get(2),
            id: row.get(3),
        };
        Ok(Self(rows.iter().map(requirement).collect()))
    }

    pub(super) fn framework(&self, name: &str) -> Option<Uuid> {
        self.0.iter().find(|one| one.framework == name).map(|one| one.framework_id)
    }

    fn requirement(&self, framework: &str, code: &str) -> Option<Uuid> {
        self.0.iter().find(|one| one.framework == framework && one.code == code).map(|one| one.id)
    }
}

pub(super) struct Rule {
    id: &'static str,
    framework: &'static str,
    /// Codes of what it fulfils, also in other frameworks.
    fulfils: &'static [(&'static str, &'static str)],
    category: &'static str,
    name: &'static str,
    objective: &'static str,
    procedure: &'static str,
    frequency: &'static str,
    automated: bool,
    owner: &'static str,
    /// How the last test ended; none: never tested.
    last: Option<&'static str>,
    evidence: &'static [&'static str],
}

pub(super) struct Finding {
    control: &'static str,
    description: &'static str,
    severity: &'static str,
    /// Days ago, and days from then until it is due.
    found: i64,
    due: i64,
    assigned: &'static str,
    status: &'static str,
    plan: Option<&'static str>,
    notes: Option<&'static str>,
}

macro_rules! rules {
    ($($id:literal $framework:literal [$($of:literal $code:literal),*] $category:literal, $name:literal, $objective:literal,
       $procedure:literal, $frequency:literal $automated:literal by $owner:literal, $last:expr, [$($evidence:literal),*];)*) => {
        &[$(Rule {
            id: $id, framework: $framework, fulfils: &[$(($of, $code)),*], category: $category, name: $name,
            objective: $objective, procedure: $procedure, frequency: $frequency, automated: $automated, owner: $owner,
            last: $last, evidence: &[$($evidence),*],
        }),*]
    };
}

pub(super) const CONTROLS: &[Rule] = rules! {
    "SOX-404-01" "SOX" ["SOX" "404", "SOX" "302"] "Financial close", "Review of the monthly close",
        "Every account is reconciled and reviewed before the books of a month close.",
        "Take ten reconciliations of the month; check preparer, reviewer, dates and differences.",
        "monthly" false by "tomas.herrera", Some("pass"), ["Signed reconciliations", "Close checklist"];
    "SOX-404-02" "SOX" ["SOX" "404"] "Financial close", "Approval of manual journal entries",
        "No manual journal entry above 10,000 is posted without a second person.",
        "Export all manual entries of the week and look for entries posted by their author alone.",
        "weekly" true by "tomas.herrera", Some("warning"), ["Journal export", "Approval log"];
    "SOX-404-03" "SOX" ["SOX" "404", "SOC2" "CC6"] "Access", "Separation of duties in finance systems",
        "Nobody can create a vendor and also pay it.",
        "Compare roles in the finance system with the matrix of conflicts.",
        "quarterly" false by "amara.okafor", Some("pass"), ["Role export", "Conflict matrix"];
    "SOX-302-01" "SOX" ["SOX" "302"] "Reporting", "Certification by the executives",
        "The CEO and the CFO certify each quarterly report.",
        "Check that both certificates exist, are signed, and precede publication.",
        "quarterly" false by "sarah.chen", Some("pass"), ["Signed certificates"];
    "SOX-802-01" "SOX" ["SOX" "802"] "Records", "Retention of audit records",
        "Records of audits are kept seven years and cannot be altered.",
        "Pick five records of each year; read them, verify their checksums.",
        "annual" true by "amara.okafor", Some("pass"), ["Checksum report"];
    "SOX-404-04" "SOX" ["SOX" "404"] "Revenue", "Revenue recognition review",
        "Contracts with unusual terms are recognised as the policy says.",
        "Review all contracts above 250,000 closed in the month with the revenue checklist.",
        "monthly" false by "sarah.chen", Some("pass"), ["Contract list", "Checklists"];
    "SOC2-CC6-01" "SOC2" ["SOC2" "CC6", "PCI-DSS" "7"] "Access", "Quarterly access review",
        "People keep only the rights that they need.",
        "Managers confirm or remove each right of their people; removals are done within five days.",
        "quarterly" false by "viktor.novak", Some("warning"), ["Review forms", "Removal tickets"];
    "SOC2-CC6-02" "SOC2" ["SOC2" "CC6", "PCI-DSS" "8"] "Access", "Multi-factor authentication for administrators",
        "Every administrator signs in with a second factor.",
        "List administrators without a second factor; the list must be empty.",
        "daily" true by "viktor.novak", Some("pass"), ["Sign-in policy export"];
    "SOC2-CC6-03" "SOC2" ["SOC2" "CC6"] "Access", "Leavers lose access within a day",
        "Nobody who left can still sign in.",
        "Compare the leavers of the week with active accounts and sessions.",
        "weekly" true by "raj.patel", Some("fail"), ["Leaver list", "Account export"];
    "SOC2-CC7-01" "SOC2" ["SOC2" "CC7", "PCI-DSS" "10"] "Operations", "Alerts are answered in time",
        "Critical alerts are taken up within 15 minutes, day and night.",
        "Measure the time to acknowledgement of all critical alerts of the week.",
        "weekly" true by "raj.patel", Some("pass"), ["Alert report"];
    "SOC2-CC7-02" "SOC2" ["SOC2" "CC7", "HIPAA" "164.308(a)(1)"] "Operations", "Vulnerabilities are mended in time",
        "Critical vulnerabilities are closed within 14 days, high ones within 30.",
        "Compare open findings of the scanner with their age.",
        "weekly" true by "viktor.novak", Some("warning"), ["Scanner report"];
    "SOC2-CC8-01" "SOC2" ["SOC2" "CC8", "PCI-DSS" "6"] "Change", "Changes are reviewed before release",
        "No change reaches production without a review by somebody else and green tests.",
        "Take 25 changes of the month; check review, tests and approval.",
        "monthly" true by "lena.fischer", Some("pass"), ["Change list"];
    "SOC2-A1-01" "SOC2" ["SOC2" "A1", "HIPAA" "164.308(a)(7)"] "Continuity", "Restore from backup",
        "A backup can be restored within four hours.",
        "Restore last night's backup to an empty machine and compare row counts.",
        "monthly" false by "raj.patel", Some("pass"), ["Restore protocol"];
    "SOC2-A1-02" "SOC2" ["SOC2" "A1"] "Continuity", "Disaster recovery drill",
        "The service runs in the second region within eight hours of a disaster.",
        "Fail over to the second region and serve from there for an hour.",
        "annual" false by "raj.patel", None, ["Drill report"];
    "SOC2-CC9-01" "SOC2" ["SOC2" "CC9"] "Vendors", "Vendor risk assessment",
        "Vendors who hold our data are assessed once a year.",
        "Check the questionnaire, certificates and contract of each critical vendor.",
        "annual" false by "amara.okafor", Some("pass"), ["Questionnaires", "Certificates"];
    "SOC2-C1-01" "SOC2" ["SOC2" "C1", "GDPR" "Art. 32"] "Data", "Encryption of stored data",
        "All disks and backups with customers' data are encrypted.",
        "Ask the cloud for volumes and buckets without encryption; there must be none.",
        "real_time" true by "viktor.novak", Some("pass"), ["Configuration export"];
    "GDPR-15-01" "GDPR" ["GDPR" "Art. 15", "CCPA" "1798.110"] "Rights", "Requests for access are answered in 30 days",
        "People get a copy of their data in time.",
        "Check dates of all requests of the month.",
        "monthly" false by "amara.okafor", Some("pass"), ["Request register"];
    "GDPR-17-01" "GDPR" ["GDPR" "Art. 17", "CCPA" "1798.105"] "Rights", "Erasure on request",
        "Personal data are erased from all systems within 30 days.",
        "Take five erased people; search for them in all systems.",
        "quarterly" false by "amara.okafor", Some("warning"), ["Search protocol"];
    "GDPR-30-01" "GDPR" ["GDPR" "Art. 30"] "Records", "Register of processing activities",
        "The register names every processing of personal data.",
        "Compare the register with the list of systems.",
        "annual" false by "amara.okafor", Some("pass"), ["Register"];
    "GDPR-33-01" "GDPR" ["GDPR" "Art. 33", "HIPAA" "164.404"] "Incidents", "Breach notification within 72 hours",
        "The authority learns of a breach in time.",
        "Walk through the procedure with an invented breach and take the time.",
        "annual" false by "amara.okafor", Some("pass"), ["Protocol of the exercise"];
    "GDPR-35-01" "GDPR" ["GDPR" "Art. 35"] "Risk", "Impact assessment of new AI features",
        "Features that profile people are assessed before they are released.",
        "Compare released features of the quarter with assessments.",
        "quarterly" false by "amara.okafor", None, ["Assessments"];
    "PCI-3-01" "PCI-DSS" ["PCI-DSS" "3"] "Data", "No card numbers in our systems",
        "Card numbers stay with the payment provider.",
        "Scan databases and logs for card numbers.",
        "daily" true by "viktor.novak", Some("pass"), ["Scan report"];
    "PCI-11-01" "PCI-DSS" ["PCI-DSS" "11"] "Operations", "Penetration test",
        "Outsiders try to break in once a year.",
        "Read the report; all critical and high findings are closed.",
        "annual" false by "viktor.novak", Some("pass"), ["Report", "Retest letter"];
    "PCI-12-01" "PCI-DSS" ["PCI-DSS" "12"] "People", "Security training",
        "Everybody is trained within 30 days of joining and once a year.",
        "List people whose training is older than a year.",
        "quarterly" true by "raj.patel", Some("fail"), ["Training export"];
    "HIPAA-312-01" "HIPAA" ["HIPAA" "164.312(b)"] "Data", "Access to health data is recorded",
        "Each look at health data leaves an audit entry.",
        "Read 20 records with a test account; find 20 entries.",
        "quarterly" true by "viktor.novak", Some("not_applicable"), ["Audit export"];
    "CCPA-120-01" "CCPA" ["CCPA" "1798.120"] "Rights", "Opt-out of sale is honoured",
        "Nobody who opted out is shared with partners.",
        "Compare the opt-out list with exports to partners.",
        "monthly" true by "noah.kim", Some("pass"), ["Opt-out list", "Export log"];
};

macro_rules! findings {
    ($($control:literal $severity:literal $found:literal $due:literal $assigned:literal $status:literal, $description:literal,
       $plan:expr, $notes:expr;)*) => {
        &[$(Finding {
            control: $control, description: $description, severity: $severity, found: $found, due: $due,
            assigned: $assigned, status: $status, plan: $plan, notes: $notes,
        }),*]
    };
}

pub(super) const ISSUES: &[Finding] = findings! {
    "SOC2-CC6-03" "high" 4 10 "raj.patel" "in_progress", "Three contractors who left last week could still sign in to the analytics workspace.",
        Some("Connect the contractor register to the identity provider; remove the three accounts by hand today."), None;
    "SOC2-CC6-03" "medium" 61 30 "raj.patel" "resolved", "An account of a former employee stayed active for six days.",
        Some("Run the leaver job daily instead of weekly."), Some("The job runs daily since; four weeks without a late removal.");
    "PCI-12-01" "medium" 20 45 "raj.patel" "open", "Eleven people have not renewed their security training; two are administrators.", None, None;
    "SOX-404-02" "medium" 9 21 "tomas.herrera" "in_progress", "Two manual entries of month end were posted and approved by the same person during a vacation.",
        Some("Name deputies in the workflow; refuse approval by the author."), None;
    "SOC2-CC6-01" "medium" 33 30 "viktor.novak" "in_progress", "Marketing returned its access review nine days late; 14 rights were not confirmed.",
        Some("Rights that are not confirmed in time are withdrawn automatically from the next review on."), None;
    "SOC2-CC7-02" "high" 6 8 "viktor.novak" "open", "A critical vulnerability in the PDF renderer is open for 17 days.", None, None;
    "SOC2-CC7-02" "low" 48 30 "lena.fischer" "accepted_risk", "The internal wiki runs a version with a medium vulnerability.",
        Some("Replace the wiki next quarter."), Some("Reachable only through the VPN; accepted until the replacement.");
    "GDPR-17-01" "high" 12 18 "amara.okafor" "in_progress", "One erased person was still found in the newsletter tool.",
        Some("Add the newsletter tool to the erasure job; search all people erased in the past year."), None;
    "GDPR-35-01" "medium" 15 60 "amara.okafor" "open", "The churn prediction was released to a pilot group without an impact assessment.", None, None;
    "SOC2-A1-02" "medium" 90 120 "raj.patel" "open", "The drill of this year is not scheduled yet.", None, None;
    "SOX-404-01" "low" 118 20 "tomas.herrera" "resolved", "A bank reconciliation lacked the reviewer's signature.",
        Some("Get the signature; remind reviewers two days before the close."), Some("Signed; none missing in the three closes since.");
    "SOX-404-03" "high" 210 30 "amara.okafor" "resolved", "One person could both create vendors and release payments after a change of position.",
        Some("Split the role; check payments of the period."), Some("Role split, 42 payments checked, nothing irregular found.");
    "PCI-11-01" "critical" 260 14 "lena.fischer" "resolved", "The penetration test found a way to read invoices of other customers by guessing numbers.",
        Some("Check ownership on each request; replace numbers by unguessable ids."), Some("Mended within three days; the retest confirmed it.");
    "PCI-11-01" "high" 260 30 "lena.fischer" "resolved", "Session cookies stayed valid after a password change.",
        Some("Revoke sessions on each change of the password."), Some("Released and retested.");
    "SOC2-A1-01" "medium" 150 30 "raj.patel" "resolved", "Restoring took five hours and ten minutes instead of four.",
        Some("Restore tables in parallel."), Some("Two hours and 25 minutes in the following test.");
    "CCPA-120-01" "medium" 75 20 "noah.kim" "resolved", "The partner export of March contained four people who had opted out.",
        Some("Filter at the source instead of in the export."), Some("Filter moved; partners confirmed deletion.");
    "SOC2-CC8-01" "low" 41 30 "lena.fischer" "accepted_risk", "Changes of documentation are released without a second reviewer.",
        Some("None."), Some("Documentation cannot alter the service; the rule is limited to code.");
    "GDPR-30-01" "low" 27 40 "amara.okafor" "open", "Two new marketing tools are missing in the register of processing activities.", None, None;
};

pub(super) fn add(
    tenant: &mut Tenant,
    team: &Team,
    calendar: &Calendar,
    frameworks: &Frameworks,
    rules: &[Rule],
    findings: &[Finding],
) {
    for rule in rules {
        if let Some(framework) = frameworks.framework(rule.framework) {
            add_control(tenant, team, calendar, frameworks, framework, rule);
        }
    }
    for finding in findings {
        add_issue(tenant, team, calendar, finding);
    }
}

fn add_control(
    tenant: &mut Tenant,
    team: &Team,
    calendar: &Calendar,
    frameworks: &Frameworks,
    framework: Uuid,
    rule: &Rule,
) {
    let organization_id = tenant.id;
    let created_at = calendar.at(540, 11, 0);
    let id = tenant.ids.at(created_at);
    for (of, code) in rule.fulfils {
        if let Some(requirement_id) = frameworks.requirement(of, code) {
            tenant.control_requirements.push(ControlRequirement {
                organization_id,
                control_id: id,
                requirement_id,
                requirement_org_id: PLATFORM,
            });
        }
    }
    let tests = tests(tenant, team, calendar, id, rule);
    let last = tests.last().cloned();
    let revision = 1 + i32::try_from(tests.len()).unwrap_or_default();
    tenant.tests.extend(tests);
    let verified = last.as_ref().map(|test| test.performed_at);
    tenant.controls.push(Control {
        organization_id,
        id,
        control_id: rule.id.to_owned(),
        framework_id: framework,
        framework_org_id: PLATFORM,
        category: rule.category,
        name: rule.name.to_owned(),
        description: Some(rule.objective),
        objective: Some(rule.objective),
        frequency: rule.frequency,
        automated: rule.automated,
        test_procedure: Some(rule.procedure),
        status: last.as_ref().map_or("not_verified", |test| test.result),
        last_verified_at: verified,
        next_verification_at: verified
            .filter(|_| rule.last != Some("not_applicable"))
            .and_then(|tested| next_verification(rule.frequency, tested)),
        owner_id: team.of(rule.owner),
        evidence_required: rule.evidence,
        created_at,
        updated_at: verified.unwrap_or(created_at),
        revision,
    });
}

/// As `governance.next_verification` reckons.
fn next_verification(frequency: &str, tested: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match frequency {
        "daily" => Some(tested + Duration::days(1)),
        "weekly" => Some(tested + Duration::days(7)),
        "monthly" => tested.checked_add_months(Months::new(1)),
        "quarterly" => tested.checked_add_months(Months::new(3)),
        "annual" => tested.checked_add_months(Months::new(12)),
        _ => None,
    }
}

/// The tests of the past year or so, most of them passed, the last one as told.
fn tests(
    tenant: &mut Tenant,
    team: &Team,
    calendar: &Calendar,
    control_id: Uuid,
    rule: &Rule,
) -> Vec<ControlTest> {
    let Some(end) = rule.last else { return Vec::new() };
    let (apart, count) = match rule.frequency {
        "real_time" => (30, 6),
        "daily" => (1, 14),
        "weekly" => (7, 12),
        "monthly" => (30, 12),
        "quarterly" => (91, 5),
        _ => (365, 1),
    };
    let latest = tenant.dice.between(1, (apart - 1).clamp(1, 40));
    let mut tests = Vec::new();
    for back in (0..count).rev() {
        let result = match (back, end) {
            (0, _) | (_, "not_applicable") => end,
            (1, "fail") => "warning",
            _ if tenant.dice.chance(8) => "warning",
            _ => "pass",
        };
        let performed_at = calendar.at(latest + back * apart, 7 + back % 3, 10);
        tests.push(ControlTest {
            organization_id: tenant.id,
            id: tenant.ids.at(performed_at),
            control_id,
            result,
            performed_by: (!rule.automated).then(|| team.of(rule.owner)),
            performed_at,
            automated: rule.automated,
            evidence: match result {
                "pass" => evidence(rule, performed_at),
                _ => json!({}),
            },
            notes: match result {
                "fail" => Some("The objective is not met; see the issue."),
                "warning" => Some("Met with exceptions, which were noted and followed up."),
                "not_applicable" => Some("No health data are kept at present."),
                _ => None,
            },
        });
    }
    tests
}

/// Where the evidence for a test is found.
fn evidence(rule: &Rule, performed_at: DateTime<Utc>) -> Value {
    let day = performed_at.format("%Y-%m-%d");
    let piece = |(number, name): (usize, &&str)| {
        let reference = format!("https://evidence.aether-demo.example/{}/{day}/{}", rule.id, number + 1);
        ((*name).to_owned(), reference.into())
    };
    Value::Object(rule.evidence.iter().enumerate().map(piece).collect())
}

fn add_issue(tenant: &mut Tenant, team: &Team, calendar: &Calendar, finding: &Finding) {
    let Some(control) = tenant.controls.iter().find(|control| control.control_id == finding.control) else {
        return;
    };
    let control_id = control.id;
    let detected_at = calendar.at(finding.found, 10, 20);
    let ended = matches!(finding.status, "resolved" | "accepted_risk");
    let resolved_at = ended.then(|| calendar.at((finding.found - finding.due * 2 / 3).max(1), 15, 45));
    let begun = (finding.status != "open").then(|| calendar.at((finding.found - 1).max(1), 9, 5));
    tenant.issues.push(Issue {
        organization_id: tenant.id,
        id: tenant.ids.at(detected_at),
        control_id,
        description: finding.description.to_owned(),
        severity: finding.severity,
        detected_at,
        due_date: Some(detected_at.date_naive() + Duration::days(finding.due)),
        assigned_to: Some(team.of(finding.assigned)),
        status: finding.status,
        remediation_plan: finding.plan,
        resolved_at,
        resolved_by: resolved_at.map(|_| team.of("amara.okafor")),
        resolution_notes: finding.notes,
        created_at: detected_at,
        updated_at: resolved_at.or(begun).unwrap_or(detected_at),
        revision: match finding.status {
            "open" => 1,
            "in_progress" => 2,
            _ => 3,
        },
    });
}
