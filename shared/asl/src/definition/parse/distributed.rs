//! What only a distributed Map state has.

use super::{Parser, fields::Fields, language, maps::count, states::parameters_name};
use crate::{
    definition::{
        Csv, CsvHeaders, Distributed, ExecutionType, InputType, ItemBatcher, ItemReader,
        ItemSource, OutputType, Reading, ResultWriter, Transformation, codes,
    },
    limits,
};

const DISTRIBUTED_ONLY: &[&str] = &["ItemBatcher", "ItemReader", "ResultWriter"];

/// What `ProcessorConfig` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Inline,
    /// With an `ExecutionType`, unless it is missing.
    Distributed(Option<ExecutionType>),
    /// Neither of the two; it has been reported.
    Unknown,
}

/// `ProcessorConfig` of an item processor.
pub(super) fn mode(parser: &mut Parser, processor: &mut Fields<'_>) -> Mode {
    let Some(mut config) = processor.inner(parser, "ProcessorConfig") else {
        return Mode::Inline;
    };
    let modes = [
        ("INLINE", Mode::Inline),
        ("DISTRIBUTED", Mode::Distributed(None)),
    ];
    let mode = match config.has("Mode") {
        true => config.word(parser, "Mode", &modes),
        false => Some(Mode::Inline),
    };
    let mode = match mode {
        Some(Mode::Distributed(_)) => {
            config.require(parser, &["ExecutionType"]);
            let types = [
                ("STANDARD", ExecutionType::Standard),
                ("EXPRESS", ExecutionType::Express),
            ];
            Mode::Distributed(config.word(parser, "ExecutionType", &types))
        }
        Some(mode) => mode,
        None => {
            config.ignore(&["ExecutionType"]);
            Mode::Unknown
        }
    };
    config.finish(parser);
    mode
}

fn refuse_distributed_fields(parser: &mut Parser, fields: &mut Fields<'_>) {
    for name in DISTRIBUTED_ONLY.iter().filter(|name| fields.has(name)) {
        fields.not_supported(parser, name);
    }
    fields.ignore(DISTRIBUTED_ONLY);
}

/// The fields that only the distributed mode has.
pub(super) fn parse(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    mode: Mode,
) -> Option<Box<Distributed>> {
    let execution_type = match mode {
        Mode::Inline => {
            refuse_distributed_fields(parser, fields);
            return None;
        }
        // Which fields belong to a mode that is not known, nobody knows.
        Mode::Unknown => {
            fields.ignore(DISTRIBUTED_ONLY);
            return None;
        }
        Mode::Distributed(execution_type) => execution_type,
    };
    let reader = fields.inner(parser, "ItemReader");
    let batcher = fields.inner(parser, "ItemBatcher");
    let writer = fields.inner(parser, "ResultWriter");
    Some(Box::new(Distributed {
        reader: reader.and_then(|reader| item_reader(parser, reader)),
        batcher: batcher.map(|batcher| item_batcher(parser, batcher)),
        writer: writer.map(|writer| result_writer(parser, writer)),
        execution_type: execution_type?,
    }))
}

/// `Label`.
pub(super) fn label(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<String> {
    let label = fields.string(parser, "Label")?;
    let at = fields.at_field("Label");
    let max = limits::LABEL_CHARACTERS_MAX;
    let is_forbidden =
        |c: char| c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"".contains(c);
    if label.chars().count() > max {
        let message = format!(
            "Invalid Label name: {label} exceeds the {max}-character limit allowed by the service"
        );
        parser.error(codes::INVALID_LABEL, &at, message);
    } else if label.is_empty() || label.contains(is_forbidden) {
        let message = format!("Invalid Label name: {label} contains invalid characters");
        parser.error(codes::INVALID_LABEL, &at, message);
    } else if !parser.labels.insert(label.into()) {
        let message = format!("Duplicate Label name: {label}");
        parser.error(codes::DUPLICATE_LABEL, &at, message);
    }
    Some(label.into())
}

fn item_reader(parser: &mut Parser, mut fields: Fields<'_>) -> Option<ItemReader> {
    language::refuse_foreign(parser, &mut fields);
    let name = parameters_name(&fields);
    fields.require(parser, &["Resource", name]);
    let sources = [
        ("arn:aws:states:::s3:getObject", ItemSource::Object),
        ("arn:aws:states:::s3:listObjectsV2", ItemSource::Objects),
    ];
    let source = s3(parser, &mut fields, &sources);
    match source {
        Some(ItemSource::Object) => fields.require_in(parser, name, &["Bucket", "Key"]),
        Some(ItemSource::Objects) => fields.require_in(parser, name, &["Bucket"]),
        None => {}
    }
    let parameters = fields.object_template(parser, name);
    if source == Some(ItemSource::Object) {
        fields.require(parser, &["ReaderConfig"]);
    }
    let mut reading = Reading::default();
    if let (Some(source), Some(config)) = (source, fields.inner(parser, "ReaderConfig")) {
        reading = reader_config(parser, config, source);
    }
    fields.ignore(&["ReaderConfig"]);
    fields.finish(parser);
    Some(ItemReader {
        source: source?,
        parameters: parameters?,
        reading,
    })
}

/// `Resource`, one of those that there are; in any partition.
fn s3<T: Copy>(parser: &mut Parser, fields: &mut Fields<'_>, actions: &[(&str, T)]) -> Option<T> {
    let text = fields.string(parser, "Resource")?;
    let action_of = |arn: &str| Some(arn.strip_prefix("arn:")?.split_once(':')?.1.to_owned());
    let action = action_of(text);
    let meant = actions
        .iter()
        .find(|(arn, _)| action.is_some() && action_of(arn) == action);
    if meant.is_none() {
        let message = "The field 'Resource' does not match any of the allowed values";
        let allowed: Vec<&str> = actions.iter().map(|(arn, _)| *arn).collect();
        let help = format!("allowed are {}", allowed.join(" and "));
        parser.refuse_with_help(&fields.at_field("Resource"), message, &help);
    }
    meant.map(|(_, meaning)| *meaning)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manifest {
    Athena,
    Inventory,
}

fn reader_config(parser: &mut Parser, mut fields: Fields<'_>, source: ItemSource) -> Reading {
    language::refuse_foreign(parser, &mut fields);
    let is_flattened = source == ItemSource::Objects && flattens(parser, &mut fields);
    let manifests = [
        ("ATHENA_DATA", Manifest::Athena),
        ("S3_INVENTORY", Manifest::Inventory),
    ];
    let manifest = fields.word(parser, "ManifestType", &manifests);
    let needs_type = match source {
        ItemSource::Object => manifest != Some(Manifest::Inventory),
        ItemSource::Objects => is_flattened,
    };
    if needs_type {
        fields.require(parser, &["InputType"]);
    }
    let input_type = input_type(parser, &mut fields, manifest);
    let max_items = count(parser, &mut fields, "MaxItems", limits::MAP_ITEMS_MAX);
    fields.finish(parser);
    Reading {
        input_type,
        is_flattened,
        max_items,
    }
}

/// `Transformation` of a list of objects.
fn flattens(parser: &mut Parser, fields: &mut Fields<'_>) -> bool {
    let transformations = [("NONE", false), ("LOAD_AND_FLATTEN", true)];
    fields.word(parser, "Transformation", &transformations) == Some(true)
}

fn input_type(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    manifest: Option<Manifest>,
) -> Option<InputType> {
    const TYPES: [(&str, &str); 5] = [
        ("CSV", "CSV"),
        ("JSON", "JSON"),
        ("JSONL", "JSONL"),
        ("PARQUET", "PARQUET"),
        ("MANIFEST", "MANIFEST"),
    ];
    if manifest == Some(Manifest::Inventory) {
        if fields.has("InputType") {
            fields.ignore(&["InputType"]);
            fields.not_supported(parser, "InputType");
        }
        return Some(InputType::Inventory);
    }
    let is_athena = manifest == Some(Manifest::Athena);
    let listed = |input_type| match is_athena {
        true => InputType::Athena(Box::new(input_type)),
        false => input_type,
    };
    Some(listed(match fields.word(parser, "InputType", &TYPES)? {
        "CSV" => InputType::Csv(csv(parser, fields, is_athena)),
        "JSON" => InputType::Json {
            items_pointer: items_pointer(parser, fields),
        },
        "JSONL" => InputType::JsonLines,
        "PARQUET" => InputType::Parquet,
        _ => InputType::Inventory,
    }))
}

/// `ItemsPointer`, a JSON Pointer.
fn items_pointer(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<String> {
    let pointer = fields.string(parser, "ItemsPointer")?;
    let is_pointer = pointer.is_empty() || pointer.starts_with('/');
    if !is_pointer || pointer.len() >= limits::ITEMS_POINTER_BYTES_BOUND {
        let message = "Value must be a valid JSON Pointer";
        parser.refuse(&fields.at_field("ItemsPointer"), message);
    }
    Some(pointer.into())
}

fn csv(parser: &mut Parser, fields: &mut Fields<'_>, is_athena: bool) -> Csv {
    let delimiters = [
        ("COMMA", ','),
        ("PIPE", '|'),
        ("SEMICOLON", ';'),
        ("SPACE", ' '),
        ("TAB", '\t'),
    ];
    let delimiter = fields.word(parser, "CSVDelimiter", &delimiters);
    if !fields.has("CSVHeaderLocation") && !is_athena {
        let message = "The field 'CSVHeaderLocation' is required but was missing";
        parser.refuse(fields.at(), message);
    }
    let locations = [("FIRST_ROW", false), ("GIVEN", true)];
    let is_given = fields.word(parser, "CSVHeaderLocation", &locations) == Some(true);
    let headers = match is_given {
        true => CsvHeaders::Given(csv_headers(parser, fields)),
        false => CsvHeaders::FirstRow,
    };
    Csv {
        delimiter: delimiter.unwrap_or(','),
        headers,
    }
}

fn csv_headers(parser: &mut Parser, fields: &mut Fields<'_>) -> Vec<String> {
    fields.require(parser, &["CSVHeaders"]);
    let values = fields
        .filled_array(parser, "CSVHeaders")
        .unwrap_or_default();
    let at = fields.at_field("CSVHeaders");
    let mut headers = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match value.as_str() {
            Some(header) => headers.push(header.to_owned()),
            None => parser.expected(&at.element(index), "String"),
        }
    }
    let max = limits::CSV_HEADERS_BYTES_MAX;
    if headers.iter().map(String::len).sum::<usize>() > max {
        parser.refuse(&at, format!("CSVHeaders must be at most {max} bytes"));
    }
    headers
}

fn item_batcher(parser: &mut Parser, mut fields: Fields<'_>) -> ItemBatcher {
    language::refuse_foreign(parser, &mut fields);
    let max_items = count(parser, &mut fields, "MaxItemsPerBatch", limits::INTEGER_MAX);
    let max_bytes = count(
        parser,
        &mut fields,
        "MaxInputBytesPerBatch",
        limits::PAYLOAD_BYTES_MAX as u64,
    );
    let bounds = [
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
    ];
    if fields.count(&bounds) == 0 {
        let bounds = bounds.join(", ");
        let message =
            format!("This object should have at least one of the following fields: [{bounds}]");
        parser.refuse(fields.at(), message);
    }
    let input = fields.object_template(parser, "BatchInput");
    fields.finish(parser);
    ItemBatcher {
        max_items,
        max_bytes,
        input,
    }
}

fn result_writer(parser: &mut Parser, mut fields: Fields<'_>) -> ResultWriter {
    language::refuse_foreign(parser, &mut fields);
    let name = parameters_name(&fields);
    if fields.count(&["Resource", name]) > 0 {
        fields.require(parser, &["Resource", name]);
        s3(
            parser,
            &mut fields,
            &[("arn:aws:states:::s3:putObject", ())],
        );
        fields.require_in(parser, name, &["Bucket"]);
    }
    let destination = fields.object_template(parser, name);
    let (mut transformation, mut output_type) = (None, None);
    if let Some(mut config) = fields.inner(parser, "WriterConfig") {
        let transformations = [
            ("NONE", Transformation::None),
            ("COMPACT", Transformation::Compact),
            ("FLATTEN", Transformation::Flatten),
        ];
        transformation = config.word(parser, "Transformation", &transformations);
        let types = [("JSON", OutputType::Json), ("JSONL", OutputType::JsonLines)];
        output_type = config.word(parser, "OutputType", &types);
        config.finish(parser);
    }
    fields.finish(parser);
    ResultWriter {
        destination,
        transformation,
        output_type: output_type.unwrap_or(OutputType::Json),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::definition::{
        Count, CsvHeaders, Distributed, ExecutionType, InputType, ItemSource, Map, StateKind,
        StateMachine, Transformation, compile, parse_value,
    };

    fn definition(language: &str, fields: &Value) -> Value {
        let mut map = json!({
            "Type": "Map", "End": true, "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
                "StartAt": "One", "States": { "One": { "Type": "Succeed" } },
            },
        });
        for (name, value) in fields.as_object().unwrap() {
            map[name] = value.clone();
        }
        json!({ "QueryLanguage": language, "StartAt": "Each", "States": { "Each": map } })
    }

    fn map_of(machine: &StateMachine) -> &Map {
        match &machine.state("Each").unwrap().kind {
            StateKind::Map(map) => map,
            other => panic!("{other:?}"),
        }
    }

    fn distributed(fields: &Value) -> Distributed {
        let machine = compile(&definition("JSONPath", fields)).unwrap();
        *map_of(&machine).distributed.clone().unwrap()
    }

    fn reader(config: &Value) -> Value {
        json!({ "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
            "Parameters": { "Bucket": "b", "Key.$": "$.key" },
        } })
    }

    fn input_type(config: &Value) -> InputType {
        let reader = distributed(&reader(config)).reader.unwrap();
        assert_eq!(reader.source, ItemSource::Object);
        reader.reading.input_type.unwrap()
    }

    /// Message and place of each finding, without the way to the state.
    fn refusals(fields: &Value) -> Vec<(String, String)> {
        let refused = compile(&definition("JSONPath", fields)).unwrap_err();
        let found = refused.0.into_iter().map(|found| {
            let pointer = found.pointer.strip_prefix("/States/Each").unwrap();
            let pointer = pointer.trim_start_matches('/');
            (found.message, pointer.to_owned())
        });
        found.collect()
    }

    fn refusal(fields: &Value) -> (String, String) {
        let found = refusals(fields);
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    #[track_caller]
    fn is_refused(fields: &Value, message: &str, pointer: &str) {
        assert_eq!(refusal(fields), (message.to_owned(), pointer.to_owned()));
    }

    #[test]
    fn a_distributed_map_is_compiled_whole_but_does_not_run() {
        let definition = definition(
            "JSONPath",
            &json!({
                "Label": "Each", "MaxConcurrencyPath": "$.room", "ToleratedFailurePercentage": 5.5,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:listObjectsV2",
                    "Parameters": { "Bucket.$": "$.bucket", "Prefix": "in/" },
                    "ReaderConfig": { "MaxItems": 7 },
                },
                "ItemSelector": { "key.$": "$$.Map.Item.Value.Key" },
                "ItemBatcher": { "MaxItemsPerBatch": 10, "MaxInputBytesPerBatchPath": "$.bytes",
                    "BatchInput": { "run.$": "$$.Execution.Name" } },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": { "Bucket": "out" },
                    "WriterConfig": { "Transformation": "FLATTEN", "OutputType": "JSONL" },
                },
            }),
        );
        let machine = compile(&definition).unwrap();
        assert!(machine.state("One").is_some());
        let map = map_of(&machine);
        assert_eq!(map.label.as_deref(), Some("Each"));
        let distributed = map.distributed.as_ref().unwrap();
        assert_eq!(distributed.execution_type, ExecutionType::Express);
        let reader = distributed.reader.as_ref().unwrap();
        assert_eq!(reader.source, ItemSource::Objects);
        assert!(matches!(reader.reading.max_items, Some(Count::Literal(7))));
        let batcher = distributed.batcher.as_ref().unwrap();
        assert!(matches!(batcher.max_bytes, Some(Count::Path(_))));
        let writer = distributed.writer.as_ref().unwrap();
        assert_eq!(writer.transformation, Some(Transformation::Flatten));

        let refused = parse_value(&definition).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "NOT_SUPPORTED: Distributed Map is not supported at \
             /States/Each/ItemProcessor/ProcessorConfig/Mode"
        );
    }

    #[test]
    fn in_jsonata_it_has_arguments_and_expressions() {
        let fields = json!({
            "MaxConcurrency": "{% $room %}", "ToleratedFailureCount": "{% 3 %}",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "Arguments": { "Bucket": "{% $bucket %}", "Key": "k" },
                "ReaderConfig": { "InputType": "JSONL", "MaxItems": "{% $most %}" },
            },
            "ItemBatcher": { "MaxItemsPerBatch": "{% $batch %}" },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject", "Arguments": { "Bucket": "{% $out %}" },
            },
        });
        let machine = compile(&definition("JSONata", &fields)).unwrap();
        let reads = &machine.variable_references()["Each"];
        assert_eq!(*reads, ["batch", "bucket", "most", "out", "room"]);
        let refused = compile(&definition(
            "JSONata",
            &reader(&json!({ "InputType": "JSON" })),
        ));
        assert!(refused.unwrap_err().to_string().contains("'Parameters'"));
    }

    #[test]
    fn each_kind_of_file_has_settings_of_its_own() {
        assert_eq!(
            input_type(&json!({ "InputType": "JSON", "ItemsPointer": "/data/items" })),
            InputType::Json {
                items_pointer: Some("/data/items".into())
            }
        );
        let csv = input_type(&json!({ "InputType": "CSV", "CSVDelimiter": "PIPE",
            "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"] }));
        let InputType::Csv(csv) = csv else {
            panic!("{csv:?}")
        };
        assert_eq!(csv.delimiter, '|');
        assert_eq!(csv.headers, CsvHeaders::Given(vec!["a".into(), "b".into()]));
        assert_eq!(
            input_type(&json!({ "InputType": "MANIFEST", "MaxItems": 0 })),
            InputType::Inventory
        );
        assert_eq!(
            input_type(&json!({ "ManifestType": "S3_INVENTORY" })),
            InputType::Inventory
        );
        assert_eq!(
            input_type(&json!({ "ManifestType": "ATHENA_DATA", "InputType": "PARQUET" })),
            InputType::Athena(Box::new(InputType::Parquet))
        );
    }

    #[test]
    fn what_a_reader_lacks_or_has_in_vain_is_refused() {
        let of = |config: Value| reader(&config);
        for (config, message, pointer) in [
            (
                json!({}),
                "These fields are required: [InputType]",
                "ItemReader/ReaderConfig",
            ),
            (
                json!({ "InputType": "XML" }),
                "Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST]",
                "ItemReader/ReaderConfig/InputType",
            ),
            (
                json!({ "InputType": "CSV" }),
                "The field 'CSVHeaderLocation' is required but was missing",
                "ItemReader/ReaderConfig",
            ),
            (
                json!({ "InputType": "CSV", "CSVHeaderLocation": "GIVEN" }),
                "These fields are required: [CSVHeaders]",
                "ItemReader/ReaderConfig",
            ),
            (
                json!({ "InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW" }),
                "Field 'CSVHeaderLocation' is not supported",
                "ItemReader/ReaderConfig/CSVHeaderLocation",
            ),
            (
                json!({ "InputType": "JSON", "MaxItems": 1, "MaxItemsPath": "$.n" }),
                "There should only be one of the following fields: [MaxItems, MaxItemsPath]",
                "ItemReader/ReaderConfig",
            ),
            (
                json!({ "InputType": "JSON", "MaxItems": 100_000_001 }),
                "Maximum value is 100000000",
                "ItemReader/ReaderConfig/MaxItems",
            ),
            (
                json!({ "InputType": "JSON", "MaxItemsPath": "$$.Execution.Input.n" }),
                "Value is not a Reference Path",
                "ItemReader/ReaderConfig/MaxItemsPath",
            ),
            (
                json!({ "InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN" }),
                "Field 'Transformation' is not supported",
                "ItemReader/ReaderConfig/Transformation",
            ),
        ] {
            is_refused(&of(config), message, pointer);
        }
        let nothing = json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": { "Bucket": "b" }, "ReaderConfig": { "InputType": "JSON" } } });
        is_refused(
            &nothing,
            "The field 'Key' is required but was missing",
            "ItemReader/Parameters",
        );
        let other = json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:headObject",
            "Parameters": { "Bucket": "b" } } });
        is_refused(
            &other,
            "The field 'Resource' does not match any of the allowed values",
            "ItemReader/Resource",
        );
    }

    #[test]
    fn thresholds_batches_and_writers_have_bounds() {
        let tolerance = |value: Value| json!({ "ToleratedFailurePercentage": value });
        let (minimum, maximum) = ("Minimum value is 0.0", "Maximum value is 100.0");
        is_refused(&tolerance(json!(-1)), minimum, "ToleratedFailurePercentage");
        is_refused(
            &tolerance(json!(101)),
            maximum,
            "ToleratedFailurePercentage",
        );
        is_refused(
            &json!({ "ToleratedFailureCount": 1, "ToleratedFailureCountPath": "$.n" }),
            "There should only be one of the following fields: \
             [ToleratedFailureCount, ToleratedFailureCountPath]",
            "",
        );
        is_refused(
            &json!({ "ItemBatcher": {} }),
            "This object should have at least one of the following fields: [MaxItemsPerBatch, \
             MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath]",
            "ItemBatcher",
        );
        is_refused(
            &json!({ "ItemBatcher": { "MaxInputBytesPerBatch": 262_145 } }),
            "Maximum value is 262144",
            "ItemBatcher/MaxInputBytesPerBatch",
        );
        is_refused(
            &json!({ "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject" } }),
            "These fields are required: [Parameters]",
            "ResultWriter",
        );
        assert!(distributed(&json!({ "ResultWriter": {} })).writer.is_some());
    }

    #[test]
    fn a_label_is_short_plain_and_unique() {
        let labelled = |label: &str| json!({ "Label": label });
        assert!(compile(&definition("JSONPath", &labelled("Each-1_(a)=b"))).is_ok());
        for label in ["", "a b", "a\u{7f}", "a/*", "a,b"] {
            let (message, pointer) = refusal(&labelled(label));
            assert!(
                message.ends_with("contains invalid characters"),
                "{message}"
            );
            assert_eq!(pointer, "Label");
        }
        let (message, _) = refusal(&labelled(&"x".repeat(41)));
        assert!(
            message.contains("exceeds the 40-character limit"),
            "{message}"
        );
        let mut twice = definition("JSONPath", &labelled("Each"));
        let mut other = twice["States"]["Each"].clone();
        other["ItemProcessor"]["States"] = json!({ "Two": { "Type": "Succeed" } });
        other["ItemProcessor"]["StartAt"] = json!("Two");
        twice["States"]["Each"]["Next"] = json!("Other");
        twice["States"]["Each"]["End"] = json!(false);
        twice["States"]["Other"] = other;
        let refused = compile(&twice).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "DUPLICATE_LABEL_NAME: Duplicate Label name: Each at /States/Other/Label"
        );
    }

    #[test]
    fn the_mode_says_which_fields_there_are() {
        let processor = |config: Value| {
            let states = json!({ "One": { "Type": "Succeed" } });
            json!({ "ItemProcessor": { "ProcessorConfig": config, "StartAt": "One", "States": states } })
        };
        let at = |field: &str| format!("ItemProcessor/ProcessorConfig{field}");
        is_refused(
            &processor(json!({ "Mode": "DISTRIBUTED" })),
            "These fields are required: [ExecutionType]",
            &at(""),
        );
        is_refused(
            &processor(json!({ "Mode": "INLINE", "ExecutionType": "STANDARD" })),
            "Field 'ExecutionType' is not supported",
            &at("/ExecutionType"),
        );
        is_refused(
            &processor(json!({ "Mode": "BOTH" })),
            "Value should be one of the following: [INLINE, DISTRIBUTED]",
            &at("/Mode"),
        );
        let mut inline = reader(&json!({ "InputType": "JSON" }));
        inline["ItemProcessor"] = processor(json!({ "Mode": "INLINE" }))["ItemProcessor"].clone();
        is_refused(&inline, "Field 'ItemReader' is not supported", "ItemReader");
    }
}
