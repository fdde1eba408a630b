//! Customers of the demo and what was sold to them in two years.
use chrono::Duration;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Calendar, Team, money};
use crate::seed::deals::{Event, OPEN_STAGES, Step, add_deal, first_stage};
use crate::seed::rows::{Account, Deal};
use crate::seed::tenant::Tenant;

/// Name, domain, vertical, region, segment.
type Customer = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub(super) const AETHER: &[Customer] = &[
    ("Northwind Logistics", "northwind-logistics.example", "Transport", "north_america", "enterprise"),
    ("Cascade Health Partners", "cascadehealth.example", "Healthcare", "north_america", "enterprise"),
    ("Bluewater Energy", "bluewater-energy.example", "Energy", "north_america", "enterprise"),
    ("Harbor & Finch Bank", "harborfinch.example", "Banking", "north_america", "enterprise"),
    ("Redwood Retail Group", "redwoodretail.example", "Retail", "north_america", "mid_market"),
    ("Summit Aerospace", "summit-aero.example", "Aerospace", "north_america", "enterprise"),
    ("Prairie Foods", "prairiefoods.example", "Consumer goods", "north_america", "mid_market"),
    ("Lakeshore Insurance", "lakeshore-ins.example", "Insurance", "north_america", "mid_market"),
    ("Copper Ridge Mining", "copperridge.example", "Mining", "north_america", "mid_market"),
    ("Juniper Street Media", "juniperstreet.example", "Media", "north_america", "smb"),
    ("Tidewater University", "tidewater.example", "Education", "north_america", "mid_market"),
    ("Bright Path Clinics", "brightpath.example", "Healthcare", "north_america", "smb"),
    ("Rheinwerk Maschinenbau", "rheinwerk.example", "Manufacturing", "europe", "enterprise"),
    ("Banque Saint-Clair", "saint-clair.example", "Banking", "europe", "enterprise"),
    ("Nordlys Telecom", "nordlys.example", "Telecommunications", "europe", "enterprise"),
    ("Albion Pharmaceuticals", "albionpharma.example", "Pharmaceuticals", "europe", "enterprise"),
    ("Castilla Renovables", "castilla-renovables.example", "Energy", "europe", "mid_market"),
    ("Van der Meer Shipping", "vandermeer.example", "Transport", "europe", "mid_market"),
    ("Alpenglow Hotels", "alpenglow.example", "Hospitality", "europe", "mid_market"),
    ("Studio Lagerlöf", "lagerlof.example", "Media", "europe", "smb"),
    ("Moravia Glass", "moraviaglass.example", "Manufacturing", "europe", "smb"),
    ("Gulf Meridian Airlines", "gulfmeridian.example", "Aviation", "middle_east", "enterprise"),
    ("Al Noor Hospitals", "alnoor.example", "Healthcare", "middle_east", "enterprise"),
    ("Desert Falcon Logistics", "desertfalcon.example", "Transport", "middle_east", "mid_market"),
    ("Oasis Properties", "oasisproperties.example", "Real estate", "middle_east", "mid_market"),
    ("Sakura Precision", "sakuraprecision.example", "Manufacturing", "asia_pacific", "enterprise"),
    ("Southern Cross Bank", "southerncross.example", "Banking", "asia_pacific", "enterprise"),
    ("Hanok Semiconductors", "hanok.example", "Semiconductors", "asia_pacific", "enterprise"),
    ("Mekong Freight", "mekongfreight.example", "Transport", "asia_pacific", "mid_market"),
    ("Kiwi Orchard Exports", "kiwiorchard.example", "Agriculture", "asia_pacific", "smb"),
    ("Lotus Learning", "lotuslearning.example", "Education", "asia_pacific", "smb"),
    ("Banco do Ipê", "bancodoipe.example", "Banking", "latin_america", "enterprise"),
    ("Andes Telecom", "andestelecom.example", "Telecommunications", "latin_america", "enterprise"),
    ("Cafetales del Valle", "cafetales.example", "Agriculture", "latin_america", "mid_market"),
    ("Río Plata Seguros", "rioplata.example", "Insurance", "latin_america", "mid_market"),
    ("Yucatán Resorts", "yucatanresorts.example", "Hospitality", "latin_america", "smb"),
];

pub(super) const NIMBUS: &[Customer] = &[
    ("Fjordline Ferries", "fjordline.example", "Transport", "europe", "mid_market"),
    ("Kastanie Verlag", "kastanie.example", "Media", "europe", "smb"),
    ("Polder Greenhouses", "polder.example", "Agriculture", "europe", "smb"),
    ("Jade River Trading", "jaderiver.example", "Retail", "asia_pacific", "mid_market"),
    ("Baltic Timber", "baltictimber.example", "Manufacturing", "europe", "mid_market"),
];

/// What is sold, and in which line of business.
const PRODUCTS: &[(&str, &str, &str)] = &[
    ("Platform licence", "software", "subscription"),
    ("Analytics suite", "software", "subscription"),
    ("Forecasting module", "software", "subscription"),
    ("Compliance module", "software", "subscription"),
    ("Data integration", "services", "one_time"),
    ("Rollout programme", "services", "one_time"),
    ("Premium support", "services", "recurring_services"),
    ("Training package", "services", "one_time"),
];
const CHANNELS: &[&str] = &["direct", "direct", "direct", "partner", "inbound", "referral"];
const CAMPAIGNS: &[Option<&str>] =
    &[None, None, Some("Spring webinar"), Some("CFO summit"), Some("Analyst report"), Some("Partner day")];
/// Why deals are lost, and to whom.
const LOSSES: &[(&str, Option<&str>)] = &[
    ("Price above the customer's budget", None),
    ("The customer chose a competitor with a local data center", Some("Vantage Ledger")),
    ("The project was postponed to the next fiscal year", None),
    ("Missing integration with the customer's ERP system", Some("Corvus One")),
    ("No decision: the sponsor left the company", None),
    ("Legal terms could not be agreed", None),
    ("The customer builds it in house", None),
    ("The incumbent renewed at a steep discount", Some("Monolith Suite")),
];

pub(super) fn add_accounts(tenant: &mut Tenant, team: &Team, calendar: &Calendar, customers: &[Customer]) {
    for (number, &(name, domain, vertical, region, _)) in (1_001..).zip(customers) {
        let created_at = calendar.at(740 - (number - 1_000) * 3, 9, 30);
        tenant.accounts.push(Account {
            organization_id: tenant.id,
            id: tenant.ids.at(created_at),
            name: name.to_owned(),
            domain: domain.to_owned(),
            vertical,
            owner_id: Some(team.seller(region)),
            external_system: "crm",
            external_id: format!("ACC-{number}"),
            created_at,
            updated_at: created_at,
        });
    }
}

/// Adds so many deals, the younger the denser, each as far on its way as its age allows.
pub(super) fn add_deals(
    tenant: &mut Tenant,
    team: &Team,
    calendar: &Calendar,
    customers: &[Customer],
    count: i64,
) {
    let Some(first) = first_stage(tenant) else { return };
    let currency = tenant.organization.currency;
    for number in 1..=count {
        let place = usize::try_from(tenant.dice.between(0, i64::try_from(customers.len()).unwrap_or(1) - 1));
        let place = place.unwrap_or_default();
        let (Some(&(customer, _, vertical, region, segment)), Some(account)) =
            (customers.get(place), tenant.accounts.get(place).cloned())
        else {
            continue;
        };
        let (product, lob, revenue_type) = tenant.dice.pick(PRODUCTS);
        let since = count - number + 1;
        let age = 3 + 715 * since * since / (count * count) + tenant.dice.between(0, 4);
        let created_at = calendar.at(age, 8 + number % 9, number * 7 % 60);
        let value = price(tenant, segment, lob);
        let owner = team.seller(region);
        let expected = created_at.date_naive() + Duration::days(tenant.dice.between(70, 150));
        let deal = Deal {
            organization_id: tenant.id,
            id: tenant.ids.at(created_at),
            external_deal_id: format!("OPP-{}", 20_000 + number),
            external_system: "crm",
            name: format!("{customer}: {product}"),
            account_id: account.id,
            region,
            segment,
            lob,
            vertical,
            revenue_type,
            pipeline_id: first.pipeline_id,
            stage_id: first.id,
            status: first.kind,
            stage_entered_at: created_at,
            value,
            currency,
            probability: first.default_probability,
            pipeline_entered_at: created_at,
            expected_close_date: expected,
            actual_close_date: None,
            owner_id: owner,
            channel: tenant.dice.pick(CHANNELS),
            campaign_source: tenant.dice.pick(CAMPAIGNS),
            close_reason: None,
            competitor_lost_to: None,
            created_at,
            updated_at: created_at,
            revision: 1,
            synced_at: created_at,
        };
        let events = course(tenant, calendar, age, &deal, owner);
        add_deal(tenant, deal, &events);
    }
}

fn price(tenant: &mut Tenant, segment: &str, lob: &str) -> Decimal {
    let (low, high) = match (segment, lob) {
        ("enterprise", "software") => (180, 920),
        ("enterprise", _) => (90, 400),
        ("mid_market", "software") => (60, 240),
        ("mid_market", _) => (25, 110),
        (_, "software") => (12, 58),
        _ => (6, 30),
    };
    Decimal::new(tenant.dice.between(low, high) * 100_000 + tenant.dice.between(0, 3) * 25_000, 2)
}

/// What happens to a deal until today: a stage every two to four weeks, some lost on the way.
fn course(tenant: &mut Tenant, calendar: &Calendar, age: i64, deal: &Deal, owner: Uuid) -> Vec<Event> {
    let mut events = Vec::new();
    let mut day = age;
    let mut add = |day: i64, minute: i64, source, step| {
        events.push(Event { at: calendar.at(day, 10 + day % 7, minute), by: owner, source, step });
    };
    for stage in 1..=OPEN_STAGES {
        day -= tenant.dice.between(9, 30);
        if day < 1 {
            break;
        }
        if tenant.dice.chance(11) {
            let (reason, to) = tenant.dice.pick(LOSSES);
            add(day, 40, "user", Step::Lost { reason, to });
            break;
        }
        if stage == OPEN_STAGES {
            add(day, 40, "user", Step::Won);
            break;
        }
        if stage == 2 && tenant.dice.chance(45) {
            let percent = Decimal::from(tenant.dice.pick(&[85_i64, 90, 95, 110, 115, 120, 125]));
            let value = money(deal.value * percent / Decimal::ONE_HUNDRED);
            add(day, 5, if tenant.dice.chance(30) { "sync" } else { "user" }, Step::Value(value));
        }
        if stage == 3 && tenant.dice.chance(40) {
            let later = deal.expected_close_date + Duration::days(tenant.dice.pick(&[14_i64, 21, 30, 45]));
            add(day, 20, "user", Step::Expected(later));
        }
        add(day, 40, "user", Step::To(stage));
    }
    events
}
