//! Queries, made up.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// The fields of a type, each with the type it leads to.
fn offered(of: &str) -> &'static [(&'static str, Option<&'static str>)] {
    match of {
        "Query" => &[("somebody", Some("Person")), ("people", Some("Person")), ("strict", Some("Strict"))],
        "Person" => &[
            ("number", None),
            ("name", None),
            ("nick", None),
            ("secret", None),
            ("trouble", None),
            ("__typename", None),
            ("bestFriend", Some("Person")),
            ("friends", Some("Person")),
            ("strict", Some("Strict")),
            ("stricts", Some("Strict")),
            ("pets", Some("Pet")),
            ("hiddenFriends", Some("Person")),
        ],
        "Strict" => {
            &[("number", None), ("trouble", None), ("deeper", Some("Strict")), ("sure", Some("Strict"))]
        }
        "Cat" => &[("lives", None), ("keeper", Some("Person")), ("__typename", None)],
        "Dog" => &[("barks", None), ("trouble", None), ("__typename", None)],
        _ => &[("__typename", None)],
    }
}

fn selection(dice: &mut Dice, of: &str, depth: usize, fragments: &mut Vec<String>) -> String {
    let mut text = String::from("{ ");
    for _ in 0..=dice.roll(4) {
        if of == "Pet" && dice.roll(4) > 0 {
            let member = if dice.roll(2) == 0 { "Cat" } else { "Dog" };
            text += &format!("... on {member} {} ", selection(dice, member, depth, fragments));
            continue;
        }
        if dice.roll(6) == 0 && depth > 0 {
            let inner = selection(dice, of, depth - 1, fragments);
            if dice.roll(2) == 0 {
                text += &format!("... on {of} {inner} ");
            } else {
                let name = format!("F{}", fragments.len());
                fragments.push(format!("fragment {name} on {of} {inner}"));
                text += &format!("...{name} ");
            }
            continue;
        }
        let fields = offered(of);
        let (field, to) = fields[dice.roll(fields.len())];
        if to.is_some() && depth == 0 {
            continue;
        }
        if dice.roll(4) == 0 {
            text += &format!("also_{field}: ");
        }
        text += field;
        match dice.roll(12) {
            0 => text += " @skip(if: true)",
            1 => text += " @include(if: true)",
            2 => text += " @skip(if: false)",
            _ => {}
        }
        if let Some(to) = to {
            text += &format!(" {}", selection(dice, to, depth - 1, fragments));
        }
        text += " ";
    }
    text + "__typename }"
}

pub(super) fn made_up(seed: u32) -> String {
    let mut dice = Dice(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
    let mut fragments = Vec::new();
    let query = selection(&mut dice, "Query", 5, &mut fragments);
    format!("query {query} {}", fragments.join(" "))
}
