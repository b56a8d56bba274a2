//! `GenerateResourceConfig`.

use super::*;

#[test]
fn the_generated_config_of_an_object_has_no_read_only_values() {
    let mut state = thing("a", "1".into());
    state.set("secret", Value::Null);
    let reply = server().generate_resource_config("toy_thing", &wire(Some(state.clone())));
    assert!(reply.diagnostics.is_empty());
    let config = decode_object(&reply.config, &Thing.schema().ty(), "config")
        .expect("fits")
        .expect("is not null");
    state.set("id", Value::Null);
    assert_eq!(config, state);
}

#[test]
fn config_is_generated_only_for_an_object() {
    let check = |type_name: &str, state: DynamicValue, expected: &str| {
        let reply = server().generate_resource_config(type_name, &state);
        assert_eq!(summaries(&reply.diagnostics), [expected]);
        assert_eq!(reply.config, DynamicValue::default());
    };
    check(
        "toy_thing",
        wire(None),
        "There is no object to generate a configuration for",
    );
    check(
        "toy_thing",
        encode(&Type::Bool, &true.into()),
        "Unable to read the state",
    );
    check("toy_other", wire(None), "Unknown resource type");
    check(
        "toy_thing",
        wire(Some(thing("panic in generated_config", Value::Null))),
        "Bug in the provider: generation of the configuration panicked",
    );
}
