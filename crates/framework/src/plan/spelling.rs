//! Values that mean the same in another spelling: JSON documents, URLs, words in capitals.
//!
//! A remote service may send a value back in its own spelling. Taken into the state, it would differ from the
//! configuration for ever; after an apply, Terraform refuses it as another value than the planned one. So the spelling
//! that was there first stays.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    json,
    number::Number,
    schema::{Attribute, AttributeKind, Block, Collection, Equality},
    value::{Object, Value},
};

use super::same;

impl Equality {
    /// Whether two known texts mean the same. All other values do so only when they are equal.
    pub(crate) fn means_the_same(self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::String(left), Value::String(right)) => {
                left == right || self.same_text(left, right)
            }
            _ => left == right,
        }
    }

    fn same_text(self, left: &str, right: &str) -> bool {
        match self {
            Self::Json => match (parse_json(left), parse_json(right)) {
                (Some(left), Some(right)) => same_json(&left, &right),
                _ => false,
            },
            Self::IgnoreCase => left.to_lowercase() == right.to_lowercase(),
            Self::TrimmedUrl => trimmed_url(left) == trimmed_url(right),
            Self::Custom(same) => same(left, right),
        }
    }
}

fn trimmed_url(text: &str) -> &str {
    text.trim().trim_end_matches('/')
}

/// `None` also for what is read in two ways: a document with the same key twice.
fn parse_json(text: &str) -> Option<Json> {
    json::decode_document(text.as_bytes()).ok()
}

/// Numbers are equal by value, so that `1.0` is `1` and no digit is lost.
fn same_json(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            let number = |text: String| text.parse::<Number>();
            left == right
                || matches!(
                    (number(left.to_string()), number(right.to_string())),
                    (Ok(left), Ok(right)) if left == right
                )
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same_json(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same_json(left, right)))
        }
        _ => left == right,
    }
}

/// Gives an object the spellings that another one has for the same values.
pub(crate) fn keep_spelling(block: &Block, before: &Object, after: &mut Object) {
    if !has_equality(block) {
        return;
    }
    let mut attributes = std::mem::take(after).into_attributes();
    keep_in_block(block, before.attributes(), &mut attributes);
    *after = attributes.into();
}

fn has_equality(block: &Block) -> bool {
    fn among(attributes: &[Attribute]) -> bool {
        attributes.iter().any(|attribute| {
            attribute.equality.is_some()
                || matches!(&attribute.kind, AttributeKind::Nested(_, nested) if among(nested))
        })
    }
    among(&block.attributes)
        || block
            .blocks
            .iter()
            .any(|nested| has_equality(&nested.block))
}

type Attributes = BTreeMap<String, Value>;

fn keep_in_block(block: &Block, before: &Attributes, after: &mut Attributes) {
    keep_in_attributes(&block.attributes, before, after);
    for nested in &block.blocks {
        if let (Some(before), Some(after)) = (before.get(nested.name), after.get_mut(nested.name)) {
            let keep = |before: &Attributes, after: &mut Attributes| {
                keep_in_block(&nested.block, before, after);
            };
            let same = |left: &Value, right: &Value| same(&nested.block.ty(), left, right);
            keep_in_objects(nested.nesting.collection(), before, after, &keep, &same);
        }
    }
}

fn keep_in_attributes(attributes: &[Attribute], before: &Attributes, after: &mut Attributes) {
    for attribute in attributes {
        let (Some(before), Some(after)) =
            (before.get(attribute.name), after.get_mut(attribute.name))
        else {
            continue;
        };
        if let Some(equality) = attribute.equality
            && equality.means_the_same(before, after)
        {
            *after = before.clone();
        }
        if let AttributeKind::Nested(collection, nested) = &attribute.kind {
            let keep = |before: &Attributes, after: &mut Attributes| {
                keep_in_attributes(nested, before, after);
            };
            let same = |left: &Value, right: &Value| {
                nested.iter().all(|attribute| {
                    let of = |object: &Value| match object {
                        Value::Map(object) => {
                            object.get(attribute.name).cloned().unwrap_or(Value::Null)
                        }
                        _ => Value::Null,
                    };
                    same(&attribute.ty(), &of(left), &of(right))
                })
            };
            keep_in_objects(*collection, before, after, &keep, &same);
        }
    }
}

/// An element of a set takes the spellings of one that it equals then, each of another one.
fn keep_in_objects(
    collection: Collection,
    before: &Value,
    after: &mut Value,
    keep: &dyn Fn(&Attributes, &mut Attributes),
    same: &dyn Fn(&Value, &Value) -> bool,
) {
    let keep_in = |before: &Value, after: &mut Value| {
        if let (Value::Map(before), Value::Map(after)) = (before, after) {
            keep(before, after);
        }
    };
    match (collection, before, after) {
        (Collection::Single, before, after) => keep_in(before, after),
        (Collection::List, Value::List(before), Value::List(after)) => {
            for (before, after) in before.iter().zip(after) {
                keep_in(before, after);
            }
        }
        (Collection::Map, Value::Map(before), Value::Map(after)) => {
            for (key, after) in after {
                if let Some(before) = before.get(key) {
                    keep_in(before, after);
                }
            }
        }
        (Collection::Set, Value::List(before), Value::List(after)) => {
            let mut left: Vec<&Value> = before.iter().collect();
            for after in after {
                let kept = left.iter().enumerate().find_map(|(index, before)| {
                    let mut candidate = after.clone();
                    keep_in(before, &mut candidate);
                    same(before, &candidate).then_some((index, candidate))
                });
                if let Some((index, kept)) = kept {
                    left.swap_remove(index);
                    *after = kept;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        schema::{Nesting, Setting},
        types::Type,
    };

    fn check(equality: Equality, left: &str, right: &str, expected: bool) {
        for (left, right) in [(left, right), (right, left)] {
            assert_eq!(
                equality.means_the_same(&left.into(), &right.into()),
                expected,
                "{left:?} and {right:?}"
            );
        }
    }

    #[test]
    fn json_documents_are_compared_by_content() {
        let check = |left, right, expected| check(Equality::Json, left, right, expected);
        check(r#"{"a":1,"b":2}"#, "{ \"b\" : 2.0,\n\"a\": 1e0 }", true);
        check(r#"["\u00e9"]"#, r#"["é"]"#, true);
        check("[1,2]", "[2,1]", false);
        check("1", "\"1\"", false);
        check("null", "", false);
        check(r#"{"a":null}"#, "{}", false);
        check("0.12345678901234567890", "0.12345678901234567891", false);
        check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#, false);
        check("no JSON", "no  JSON", false);
        check("no JSON", "no JSON", true);
    }

    #[test]
    fn urls_and_words_are_compared_in_normal_form() {
        let url = |left, right, expected| check(Equality::TrimmedUrl, left, right, expected);
        url("https://a.b/c", " https://a.b/c/\n", true);
        url("https://a.b/c", "https://a.b/C", false);
        url("https://a.b//c", "https://a.b/c", false);
        let word = |left, right, expected| check(Equality::IgnoreCase, left, right, expected);
        word("Straße", "straße", true);
        word("en_US", "EN_us", true);
        word("a", "a ", false);
        let custom = Equality::Custom(|left, right| left.len() == right.len());
        check(custom, "ab", "cd", true);
        check(custom, "ab", "c", false);
    }

    #[test]
    fn non_text_value_equals_only_itself() {
        let same = |left: &Value, right: &Value| Equality::IgnoreCase.means_the_same(left, right);
        assert!(same(&Value::Null, &Value::Null));
        assert!(!same(&Value::Unknown, &"a".into()));
        assert!(!same(&Value::Null, &"".into()));
    }

    fn value(json: &Json) -> Value {
        match json {
            Json::Array(elements) => Value::List(elements.iter().map(value).collect()),
            Json::Object(members) => Value::Map(
                members
                    .iter()
                    .map(|(key, json)| (key.clone(), value(json)))
                    .collect(),
            ),
            Json::String(text) => text.as_str().into(),
            _ => Value::Null,
        }
    }

    #[test]
    fn spelling_is_kept_at_every_depth() {
        let word = || Attribute::optional("w", Type::String).equality(Equality::IgnoreCase);
        let other = || Attribute::optional("o", Type::String);
        let nested = |name, collection| {
            Attribute::nested(name, collection, vec![word(), other()], Setting::Optional)
        };
        let block = Block::new("")
            .attribute(word())
            .attribute(other())
            .attribute(nested("one", Collection::Single))
            .attribute(nested("map", Collection::Map))
            .nested(
                "set",
                Nesting::Set(Default::default()),
                Block::new("").attribute(word()).attribute(other()),
            )
            .nested(
                "list",
                Nesting::List(Default::default()),
                Block::new("").attribute(nested("set", Collection::Set)),
            );
        let check = |before: Json, after: Json, expected: Json| {
            let object = |json: &Json| match value(json) {
                Value::Map(attributes) => Object::from(attributes),
                other => panic!("a case needs an object, not {other:?}"),
            };
            let mut kept = object(&after);
            keep_spelling(&block, &object(&before), &mut kept);
            assert_eq!(kept, object(&expected), "{before} {after}");
        };
        check(
            json!({"w": "a", "o": "a", "one": {"w": "b"}, "map": {"k": {"w": "c"}, "gone": {}}}),
            json!({"w": "A", "o": "A", "one": {"w": "B"}, "map": {"k": {"w": "C"}, "new": {"w": "D"}}}),
            json!({"w": "a", "o": "A", "one": {"w": "b"}, "map": {"k": {"w": "c"}, "new": {"w": "D"}}}),
        );
        // Elements of sets, in another order, and two that mean the same.
        check(
            json!({"set": [{"w": "a", "o": "1"}, {"w": "a", "o": "2"}, {"w": "b", "o": "1"}]}),
            json!({"set": [{"w": "B", "o": "1"}, {"w": "A", "o": "2"}, {"w": "A", "o": "3"}]}),
            json!({"set": [{"w": "b", "o": "1"}, {"w": "a", "o": "2"}, {"w": "A", "o": "3"}]}),
        );
        check(
            json!({"list": [{"set": [{"w": "x"}, {"w": "X"}]}, {"set": [{"w": "y"}]}]}),
            json!({"list": [{"set": [{"w": "X"}, {"w": "X"}]}, {"set": [{"w": "Y"}]}]}),
            json!({"list": [{"set": [{"w": "x"}, {"w": "X"}]}, {"set": [{"w": "y"}]}]}),
        );
        check(json!({"w": "a"}), json!({"w": null}), json!({"w": null}));
        check(json!({"w": null}), json!({"w": "A"}), json!({"w": "A"}));
    }

    fn documents() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            ".{0,4}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
                prop::collection::btree_map(".{0,2}", inner, 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn white_space_does_not_change_a_json_document(document in documents()) {
            let compact = document.to_string();
            let wide = serde_json::to_string_pretty(&document).expect("is written");
            prop_assert!(Equality::Json.means_the_same(&compact.into(), &wide.into()));
        }

        #[test]
        fn json_documents_that_differ_do_not_mean_the_same(left in documents(), right in documents()) {
            let same = Equality::Json.means_the_same(&left.to_string().into(), &right.to_string().into());
            prop_assert_eq!(same, left == right);
        }
    }
}
