//! Law: every list says what it amounts to, and rightly for every entity and every key: the groups together are the whole, the
//! whole is what the list counts, and whatever is measured orders the groups.
use serde_json::Value;

use super::{batching::is_open, doors::City, sdl::Sdl};

/// Lists that do not, each with the reason.
const EXEMPT: &[(&str, &str)] =
    &[("SearchConnection", "what is found is of many kinds, and only as much of it as is ranked")];

#[test]
fn every_list_says_what_it_amounts_to() {
    let sdl = Sdl::read();
    let lists = sdl.0.iter().filter(|(name, _)| name.ends_with("Connection")).collect::<Vec<_>>();
    assert!(lists.len() > 35, "only {} lists were found", lists.len());
    let silent: Vec<_> = lists
        .iter()
        .filter(|(_, page)| !["aggregate", "groupBy"].iter().all(|field| page.fields.contains_key(*field)))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(silent, EXEMPT.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// `expectedCloseDate` as an enum has it.
fn screaming(name: &str) -> String {
    let letters = name.chars().map(|letter| {
        if letter.is_ascii_uppercase() {
            format!("_{letter}")
        } else {
            letter.to_ascii_uppercase().to_string()
        }
    });
    letters.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_the_parts_of_the_whole() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let owner = city.owner().await;
    let (mut keys, mut full, mut measures) = (0, 0, 0);
    for (list, field) in &sdl.0["Query"].fields {
        let Some(page) = sdl.0.get(&field.target).filter(|page| page.fields.contains_key("groupBy")) else {
            continue;
        };
        if !is_open(field) {
            continue;
        }
        let of = |name: &str, fields: &str| {
            let all = sdl.0[name].fields.iter().filter(|(name, _)| *name != "aggregate");
            let select = |(name, field): (&String, &super::sdl::Field)| match sdl.0.get(&field.target) {
                Some(ty) if ty.fields.contains_key("amount") => format!("{name} {{ amount currency }}"),
                Some(_) => format!("{name} {{ __typename }}"),
                None => name.clone(),
            };
            all.map(select).collect::<Vec<_>>().join(" ") + fields
        };
        let (all, group) = (&page.fields["aggregate"].target, &page.fields["groupBy"].target);
        let everything = of(all, "");
        let query =
            format!("{{ {list}(first: 0) {{ aggregate {{ {everything} }} totalCount {{ value }} }} }}");
        let (_, answer) = city.count(&owner, &query).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("errors").is_none(), "{list}: {answer:#}");
        let whole = answer["data"][list]["aggregate"]["count"].as_i64().unwrap();
        assert_eq!(whole, answer["data"][list]["totalCount"]["value"].as_i64().unwrap(), "{list}");
        full += usize::from(whole > 0);
        for key in sdl.0[group].fields.keys().filter(|name| *name != "aggregate") {
            let fields = of(group, &format!(" aggregate {{ {everything} }}"));
            let query = format!(
                "{{ {list}(first: 0) {{ groupBy(keys: [{}], first: 1000) {{ {fields} }} }} }}",
                screaming(key)
            );
            let (_, answer) = city.count(&owner, &query).await;
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert!(answer.get("errors").is_none(), "{list} by {key}: {answer:#}");
            let groups = answer["data"][list]["groupBy"].as_array().unwrap();
            let counts = groups.iter().map(|group| group["aggregate"]["count"].as_i64().unwrap());
            assert_eq!(counts.sum::<i64>(), whole, "{list} by {key}: {answer:#}");
            let mut values: Vec<_> = groups.iter().map(|group| group[key].to_string()).collect();
            values.sort_unstable();
            values.dedup();
            let told = !sdl.0.contains_key(&sdl.0[group].fields[key].target);
            assert!(!told || values.len() == groups.len(), "{list} by {key}: {answer:#}");
            keys += 1;
        }
        let key = screaming(sdl.0[group].fields.keys().find(|name| *name != "aggregate").unwrap());
        for (name, field) in &sdl.0[all].fields {
            let is_money = sdl.0.get(&field.target).is_some_and(|ty| ty.fields.contains_key("amount"));
            let (currency, part) =
                if is_money { (", currency: \"EUR\"", " { amount currency }") } else { ("", "") };
            let query = format!(
                "{{ {list}(first: 0) {{ groupBy(keys: [{key}], first: 1000, orderBy: [{{ measure: {}, direction: DESC{currency} }}]) {{
                    aggregate {{ count {name}{part} }} }} }} }}",
                screaming(name)
            );
            let (_, answer) = city.count(&owner, &query).await;
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert!(answer.get("errors").is_none(), "{list} by {name}: {answer:#}");
            let groups = answer["data"][list]["groupBy"].as_array().unwrap();
            let counts = groups.iter().map(|group| group["aggregate"]["count"].as_i64().unwrap());
            assert_eq!(counts.sum::<i64>(), whole, "{list} by {name}: {answer:#}");
            let values: Vec<_> =
                groups.iter().map(|group| measured(&group["aggregate"][name], is_money)).collect();
            let found = values.iter().flatten().collect::<Vec<_>>();
            assert!(found.is_sorted_by(|one, other| one >= other), "{list} by {name}: {answer:#}");
            assert!(values.is_sorted_by_key(Option::is_none), "{list} by {name}: {answer:#}");
            measures += 1;
        }
    }
    assert!(
        keys > 150 && full > 20 && measures > 120,
        "{keys} keys, {measures} measures, {full} lists with rows"
    );
}

/// A value that is measured, so that it can be compared: a number, a day or a time; of money what there is in euros.
fn measured(value: &Value, is_money: bool) -> Option<(i64, String)> {
    let value = if is_money {
        let all = value.as_array().unwrap();
        &all.iter().find(|money| money["currency"] == "EUR")?["amount"]
    } else {
        value
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.parse::<f64>() {
        _ if value.is_null() => None,
        Ok(number) => Some((format!("{:.0}", number * 10_000.0).parse().unwrap(), String::new())),
        Err(_) => Some((0, text)),
    }
}
