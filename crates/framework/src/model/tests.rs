//! Models of every shape, forth and back.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use super::{
    Field, Model, ModelError, check,
    de::ValueReader,
    field::{FIELD, UNKNOWN},
    ser::ValueWriter,
};
use crate::{
    diagnostics::Diagnostic,
    number::Number,
    path::AttributePath,
    schema::{Attribute, Block, Bounds, Collection, Nesting, Schema, Setting},
    types::Type,
    value::{Object, Value},
};

fn map<const N: usize>(elements: [(&str, Value); N]) -> Value {
    Value::Map(
        elements
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
    )
}

fn object<const N: usize>(attributes: [(&str, Value); N]) -> Object {
    attributes
        .into_iter()
        .fold(Object::new(), |mut object, (name, value)| {
            object.set(name, value);
            object
        })
}

fn list<const N: usize>(elements: [Value; N]) -> Value {
    Value::List(elements.into())
}

/// One member of each supported type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Scalars {
    text: Field<String>,
    flag: Field<bool>,
    integer: Field<i64>,
    count: Field<u32>,
    ratio: Field<f64>,
    exact: Field<Number>,
    colour: Field<Colour>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Colour {
    Red,
    Green,
}

/// A list of maps of objects that have maps of lists of objects: three levels of objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Outer {
    groups: Field<Vec<Field<Group>>>,
    single: Field<Middle>,
    block: Vec<Inner>,
}

type Group = BTreeMap<String, Field<Middle>>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Middle {
    name: Field<String>,
    parts: Field<BTreeMap<String, Vec<Inner>>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Inner {
    size: Field<u32>,
    tags: Field<BTreeMap<String, Field<String>>>,
}

fn check_round_trip<M: Model + PartialEq + std::fmt::Debug>(model: &M, expected: &Object) {
    let object = Object::from_model(model);
    assert_eq!(&object, expected);
    assert_eq!(object.to_model::<M>().as_ref(), Ok(model));
}

#[test]
fn scalars_keep_null_unknown_and_known_values() {
    let mut scalars = Scalars {
        kind: "k".to_owned(),
        ..Scalars::default()
    };
    let mut expected = object([
        ("text", Value::Null),
        ("flag", Value::Null),
        ("integer", Value::Null),
        ("count", Value::Null),
        ("ratio", Value::Null),
        ("exact", Value::Null),
        ("colour", Value::Null),
        ("type", "k".into()),
    ]);
    check_round_trip(&scalars, &expected);

    scalars.text = Field::Unknown;
    scalars.exact = Field::Unknown;
    expected.set("text", Value::Unknown);
    expected.set("exact", Value::Unknown);
    check_round_trip(&scalars, &expected);

    let exact: Number = "0.1000000000000000055511151231257827"
        .parse()
        .expect("a number");
    scalars = Scalars {
        text: "".into(),
        flag: false.into(),
        integer: i64::MIN.into(),
        count: u32::MAX.into(),
        ratio: 0.1.into(),
        exact: exact.clone().into(),
        colour: Colour::Green.into(),
        kind: String::new(),
    };
    expected = object([
        ("text", "".into()),
        ("flag", false.into()),
        ("integer", i64::MIN.into()),
        ("count", i64::from(u32::MAX).into()),
        ("ratio", Value::Number("0.1".parse().expect("a number"))),
        ("exact", Value::Number(exact)),
        ("colour", "GREEN".into()),
        ("type", "".into()),
    ]);
    check_round_trip(&scalars, &expected);

    for number in [Number::INFINITY, Number::NEGATIVE_INFINITY] {
        scalars.exact = number.clone().into();
        expected.set("exact", Value::Number(number));
        check_round_trip(&scalars, &expected);
    }
}

#[test]
fn lists_of_maps_of_objects_keep_null_and_unknown_at_every_depth() {
    let inner = |size, tags| Inner { size, tags };
    let tags = Field::from(BTreeMap::from([
        ("a".to_owned(), Field::from("x")),
        ("b".to_owned(), Field::Unknown),
        ("c".to_owned(), Field::Null),
    ]));
    let middle = Middle {
        name: Field::Unknown,
        parts: BTreeMap::from([
            ("none".to_owned(), vec![]),
            (
                "two".to_owned(),
                vec![
                    inner(Field::from(7), tags),
                    inner(Field::Null, Field::Unknown),
                ],
            ),
        ])
        .into(),
    };
    let outer = Outer {
        groups: vec![
            Field::Null,
            Field::Unknown,
            BTreeMap::from([
                ("known".to_owned(), Field::from(middle.clone())),
                ("null".to_owned(), Field::Null),
                ("unknown".to_owned(), Field::Unknown),
            ])
            .into(),
        ]
        .into(),
        single: middle.into(),
        block: vec![inner(Field::Unknown, Field::Null)],
    };
    let tags = map([("a", "x".into()), ("b", Value::Unknown), ("c", Value::Null)]);
    let middle = map([
        ("name", Value::Unknown),
        (
            "parts",
            map([
                ("none", list([])),
                (
                    "two",
                    list([
                        map([("size", 7.into()), ("tags", tags)]),
                        map([("size", Value::Null), ("tags", Value::Unknown)]),
                    ]),
                ),
            ]),
        ),
    ]);
    let expected = object([
        (
            "groups",
            list([
                Value::Null,
                Value::Unknown,
                map([
                    ("known", middle.clone()),
                    ("null", Value::Null),
                    ("unknown", Value::Unknown),
                ]),
            ]),
        ),
        ("single", middle),
        (
            "block",
            list([map([("size", Value::Unknown), ("tags", Value::Null)])]),
        ),
    ]);
    check_round_trip(&outer, &expected);
}

#[test]
fn collection_with_an_unknown_element_that_it_cannot_hold_is_unknown() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sites {
        sites: Field<Vec<String>>,
        groups: Field<Vec<Field<Vec<String>>>>,
        parts: Field<BTreeMap<String, Inner>>,
    }
    let sites = |last: Value| list(["a".into(), last]);
    let given = object([
        ("sites", sites(Value::Unknown)),
        ("groups", list([sites("b".into()), sites(Value::Unknown)])),
        ("parts", map([("p", Value::Unknown)])),
    ]);
    let read: Sites = given.to_model().expect("a model");
    let known = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(
        read,
        Sites {
            sites: Field::Unknown,
            groups: vec![Field::from(known), Field::Unknown].into(),
            parts: Field::Unknown,
        }
    );
    // What is wrong is still an error, and so is null.
    for (element, found) in [(1.into(), "number"), (Value::Null, "null")] {
        check_refused::<Sites>(
            object([("sites", sites(element))]),
            &format!("sites[1]: expected string, found {found}"),
        );
    }
}

#[test]
fn absent_attribute_is_null() {
    let object = object([("type", "k".into())]);
    let scalars: Scalars = object.to_model().expect("a model");
    assert_eq!(
        scalars,
        Scalars {
            kind: "k".to_owned(),
            ..Scalars::default()
        }
    );
}

fn check_refused<M: Model>(object: Object, expected: &str) {
    match object.to_model::<M>() {
        Ok(_) => panic!("no error, where expected: {expected}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

#[test]
fn value_of_another_type_is_an_error_that_names_the_path() {
    let scalar = |name: &str, value: Value| object([("type", "secret".into()), (name, value)]);
    let check = |name: &str, value: Value, expected: &str| {
        check_refused::<Scalars>(scalar(name, value), expected);
    };
    check("text", 1.into(), "text: expected string, found number");
    check("text", list([]), "text: expected string, found list");
    check("flag", "true".into(), "flag: expected bool, found string");
    check("type", Value::Null, "type: expected string, found null");
    check(
        "type",
        Value::Unknown,
        "type: expected string, found unknown",
    );
    let number = |text: &str| Value::Number(text.parse().expect("a number"));
    check(
        "count",
        number("-1"),
        "count: expected a whole number from 0 to 4294967295, found another number",
    );
    check(
        "count",
        number("1.5"),
        "count: expected a whole number from 0 to 4294967295, found another number",
    );
    check(
        "count",
        "1".into(),
        "count: expected a whole number from 0 to 4294967295, found string",
    );
    check(
        "integer",
        number("9223372036854775808"),
        "integer: expected a whole number from -9223372036854775808 to 9223372036854775807, found another number",
    );
    check(
        "ratio",
        number("0.12345678901234567890"),
        "ratio: expected a number of at most 15 significant digits, found another number",
    );
    check("exact", "1".into(), "exact: expected number, found string");
    check(
        "colour",
        "BLUE".into(),
        "colour: expected \"RED\" or \"GREEN\", found another string",
    );
    check("colour", 1.into(), "colour: expected string, found number");
    check("other", 1.into(), "other: the model has no such attribute");

    let deep = |value: Value| {
        let tags = map([("size", 1.into()), ("tags", map([("k", value)]))]);
        let middle = map([("parts", map([("p", list([map([]), tags]))]))]);
        object([
            ("block", list([])),
            ("groups", list([Value::Null, map([("g", middle)])])),
        ])
    };
    check_refused::<Outer>(
        deep(true.into()),
        "groups[1][\"g\"].parts[\"p\"][1].tags[\"k\"]: expected string, found bool",
    );
    check_refused::<Outer>(
        object([("block", list([map([("colour", Value::Null)])]))]),
        "block[0].colour: the model has no such attribute",
    );
    check_refused::<Outer>(object([]), "block: expected list, found null");
    check_refused::<Outer>(
        object([("block", list([Value::Null]))]),
        "block[0]: expected object, found null",
    );
    check_refused::<String>(object([]), "(root): expected a string, found object");
}

#[test]
fn error_becomes_a_diagnostic_that_points_at_the_attribute() {
    let error = object([("block", list([map([("size", "s3cret".into())])]))])
        .to_model::<Outer>()
        .expect_err("text is no number");
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.summary, "Invalid value of block[0].size");
    assert_eq!(diagnostic.attribute, AttributePath::attribute("block"));
    assert!(!format!("{diagnostic:?}").contains("s3cret"));
}

#[test]
fn debug_shows_no_value() {
    let scalars = Scalars {
        text: "s3cret".into(),
        ..Scalars::default()
    };
    let shown = format!("{scalars:?}");
    assert!(
        shown.contains("text: known") && !shown.contains("s3cret"),
        "{shown}"
    );
}

fn inner_block() -> Block {
    Block::new("")
        .attribute(Attribute::optional("size", Type::Number))
        .attribute(Attribute::optional(
            "tags",
            Type::Map(Box::new(Type::String)),
        ))
}

fn middle_attributes() -> Vec<Attribute> {
    let inner = Type::Object(BTreeMap::from([
        ("size".to_owned(), Type::Number),
        ("tags".to_owned(), Type::Map(Box::new(Type::String))),
    ]));
    vec![
        Attribute::computed("name", Type::String),
        Attribute::optional("parts", Type::Map(Box::new(Type::List(Box::new(inner))))),
    ]
}

fn outer_schema() -> Block {
    let middle: BTreeMap<String, Type> = middle_attributes()
        .iter()
        .map(|attribute| (attribute.name.to_owned(), attribute.ty()))
        .collect();
    let groups = Type::List(Box::new(Type::Map(Box::new(Type::Object(middle)))));
    Block::new("")
        .attribute(Attribute::optional("groups", groups))
        .attribute(Attribute::nested(
            "single",
            Collection::Single,
            middle_attributes(),
            Setting::Optional,
        ))
        .nested("block", Nesting::List(Bounds::default()), inner_block())
}

#[test]
fn check_accepts_a_model_with_the_attributes_of_the_schema() {
    assert_eq!(check::<Outer>(&Schema::new(outer_schema())), Ok(()));
    let scalars = Block::new("")
        .attribute(Attribute::optional("text", Type::String).sensitive())
        .attribute(Attribute::optional("flag", Type::Bool))
        .attribute(Attribute::optional("integer", Type::Number))
        .attribute(Attribute::optional("count", Type::Number))
        .attribute(Attribute::computed("ratio", Type::Number))
        .attribute(Attribute::optional("exact", Type::Number))
        .attribute(Attribute::optional("colour", Type::String))
        .attribute(Attribute::required("type", Type::String));
    assert_eq!(check::<Scalars>(&Schema::new(scalars)), Ok(()));
}

#[test]
fn check_names_each_difference_between_model_and_schema() {
    fn check_differs<M: Model>(block: Block, expected: &str) {
        let error = check::<M>(&Schema::new(block)).expect_err("model and schema differ");
        assert_eq!(error.to_string(), expected);
    }
    check_differs::<Outer>(
        outer_schema().attribute(Attribute::optional("new", Type::String)),
        "(root): the struct Outer and the schema differ: only in the schema [new], only in the struct []",
    );
    let mut deep = outer_schema();
    deep.blocks[0].block = Block::new("").attribute(Attribute::optional("size", Type::Number));
    check_differs::<Outer>(
        deep,
        "block[0]: the struct Inner and the schema differ: only in the schema [], only in the struct [tags]",
    );
    check_differs::<Inner>(
        Block::new("")
            .attribute(Attribute::optional("size", Type::String))
            .attribute(Attribute::optional("tags", Type::String)),
        "size: the schema has string, the model u32",
    );
    check_differs::<Inner>(
        Block::new("")
            .attribute(Attribute::optional("size", Type::Number))
            .attribute(Attribute::optional(
                "tags",
                Type::List(Box::new(Type::String)),
            )),
        "tags: the schema has list of string, the model a map",
    );

    #[derive(Serialize, Deserialize)]
    struct Bare {
        text: String,
    }
    #[derive(Serialize, Deserialize)]
    struct Optional {
        text: Option<String>,
    }
    let text = |attribute: Attribute| Block::new("").attribute(attribute);
    assert_eq!(
        check::<Bare>(&Schema::new(text(Attribute::required(
            "text",
            Type::String
        )))),
        Ok(())
    );
    check_differs::<Bare>(
        text(Attribute::optional("text", Type::String)),
        "text: the value can be null or unknown, so that the model needs a Field here",
    );
    check_differs::<Bare>(
        text(Attribute::required("text", Type::String).sensitive()),
        "text: the value is sensitive, so that the model needs a Field here",
    );
    check_differs::<Optional>(
        text(Attribute::optional("text", Type::String)),
        "text: the schema has string, the model an Option, which cannot be unknown: use a Field",
    );
}

/// A model of a type that is drawn: read and written by the same calls that serde's derive makes.
#[derive(Clone, Debug, PartialEq)]
enum Drawn {
    Null,
    Unknown,
    Text(String),
    Number(Number),
    Bool(bool),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
    Object(Vec<(&'static str, Self)>),
}

const NAMES: &[&str] = &["a", "b", "c"];

struct Reads<'a>(&'a Type);

impl<'de> DeserializeSeed<'de> for Reads<'_> {
    type Value = Drawn;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Drawn, D::Error> {
        from.deserialize_newtype_struct(FIELD, ReadsField(self.0))
    }
}

/// What [`Field`] does.
struct ReadsField<'a>(&'a Type);

impl<'de> Visitor<'de> for ReadsField<'_> {
    type Value = Drawn;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E>(self) -> Result<Drawn, E> {
        Ok(Drawn::Null)
    }

    fn visit_unit<E>(self) -> Result<Drawn, E> {
        Ok(Drawn::Unknown)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut value: A) -> Result<Drawn, A::Error> {
        let known = value.next_element_seed(ReadsKnown(self.0))?;
        Ok(known.unwrap_or(Drawn::Unknown))
    }
}

struct ReadsKnown<'a>(&'a Type);

impl<'de> DeserializeSeed<'de> for ReadsKnown<'_> {
    type Value = Drawn;

    fn deserialize<D: Deserializer<'de>>(self, known: D) -> Result<Drawn, D::Error> {
        match self.0 {
            Type::String => String::deserialize(known).map(Drawn::Text),
            Type::Number => Number::deserialize(known).map(Drawn::Number),
            Type::Bool => bool::deserialize(known).map(Drawn::Bool),
            Type::List(_) => known.deserialize_seq(Reads(self.0)),
            Type::Map(_) => known.deserialize_map(Reads(self.0)),
            Type::Object(types) => {
                known.deserialize_struct("Drawn", &NAMES[..types.len()], Reads(self.0))
            }
            other => panic!("{other} is not drawn"),
        }
    }
}

impl<'de> Visitor<'de> for Reads<'_> {
    type Value = Drawn;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a collection")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Drawn, A::Error> {
        let Type::List(element) = self.0 else {
            unreachable!("only a list is read as one")
        };
        let mut elements = Vec::new();
        while let Some(read) = from.next_element_seed(Reads(element))? {
            elements.push(read);
        }
        Ok(Drawn::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Drawn, A::Error> {
        let mut map = BTreeMap::new();
        let mut members = Vec::new();
        while let Some(key) = from.next_key::<String>()? {
            match self.0 {
                Type::Map(element) => {
                    let read = from.next_value_seed(Reads(element))?;
                    map.insert(key, read);
                }
                Type::Object(types) => {
                    let name = NAMES
                        .iter()
                        .find(|name| **name == key)
                        .expect("a name of the struct");
                    members.push((*name, from.next_value_seed(Reads(&types[&key]))?));
                }
                other => panic!("{other} is read as a map"),
            }
        }
        Ok(match self.0 {
            Type::Map(_) => Drawn::Map(map),
            _ => Drawn::Object(members),
        })
    }
}

impl Serialize for Drawn {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        match self {
            Self::Null => to.serialize_none(),
            Self::Unknown => to.serialize_unit_struct(UNKNOWN),
            Self::Text(text) => text.serialize(to),
            Self::Number(number) => number.serialize(to),
            Self::Bool(value) => value.serialize(to),
            Self::List(elements) => elements.serialize(to),
            Self::Map(elements) => elements.serialize(to),
            Self::Object(members) => {
                let mut object = to.serialize_struct("Drawn", members.len())?;
                for (name, value) in members {
                    object.serialize_field(name, value)?;
                }
                object.end()
            }
        }
    }
}

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::String), Just(Type::Number), Just(Type::Bool)];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ty| Type::List(Box::new(ty))),
            inner.clone().prop_map(|ty| Type::Map(Box::new(ty))),
            proptest::collection::vec(inner, 0..=NAMES.len()).prop_map(|types| {
                let named = NAMES.iter().map(|name| (*name).to_owned()).zip(types);
                Type::Object(named.collect())
            }),
        ]
    })
}

fn values(ty: &Type) -> BoxedStrategy<Value> {
    let known = match ty {
        Type::String => ".{0,6}".prop_map(Value::from).boxed(),
        Type::Number => prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter_map("NaN", |float| Number::from_f64(float).ok())
                .prop_map(Value::Number),
        ]
        .boxed(),
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::List(element) => proptest::collection::vec(values(element), 0..4)
            .prop_map(Value::List)
            .boxed(),
        Type::Map(element) => proptest::collection::btree_map(".{0,3}", values(element), 0..4)
            .prop_map(Value::Map)
            .boxed(),
        Type::Object(types) => {
            let (names, members): (Vec<String>, Vec<_>) = types
                .iter()
                .map(|(name, ty)| (name.clone(), values(ty)))
                .unzip();
            members
                .prop_map(move |values| Value::Map(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
        other => panic!("{other} is not drawn"),
    };
    prop_oneof![1 => Just(Value::Null), 1 => Just(Value::Unknown), 6 => known].boxed()
}

proptest! {
    #[test]
    fn any_value_of_any_type_survives_a_model(
        (ty, value) in types().prop_flat_map(|ty| (Just(ty.clone()), values(&ty)))
    ) {
        let drawn = Reads(&ty).deserialize(ValueReader(&value)).expect("a model of its type");
        prop_assert_eq!(drawn.serialize(ValueWriter), Ok(value));
    }

    #[test]
    fn value_of_another_type_is_never_read_wrongly(
        (ty, value) in (types(), types().prop_flat_map(|ty| values(&ty)))
    ) {
        // For every type: an error, or the same value with absent attributes as null.
        let read: Result<Drawn, ModelError> = Reads(&ty).deserialize(ValueReader(&value));
        if let Ok(drawn) = read {
            let written = drawn.serialize(ValueWriter).expect("a value");
            prop_assert!(crate::plan::same(&ty, &written, &value));
        }
    }
}
