//! Law: what a list amounts to is right for every entity and every key: the groups together are the whole, and the whole is
//! what the list counts.
use serde_json::Value;

use super::{batching::is_open, doors::City, sdl::Sdl};

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
    let (mut keys, mut full) = (0, 0);
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
    }
    assert!(keys > 60 && full > 8, "{keys} keys, {full} lists with rows");
}
