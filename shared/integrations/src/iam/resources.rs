//! Which parameters of a call name the resources that it is about.

use super::parameters::{Given, Parameters};

/// The prefix of a service's actions, a parameter, and what follows the account in an ARN, where `{}` is
/// its value. An ARN is taken as it is.
const NAMED: &[(&str, &str, &str)] = &[
    ("athena", "WorkGroup", "workgroup/{}"),
    ("batch", "JobDefinition", "job-definition/{}"),
    ("batch", "JobQueue", "job-queue/{}"),
    ("cloudformation", "StackName", "stack/{}/*"),
    ("codebuild", "ProjectName", "project/{}"),
    ("databrew", "Name", "job/{}"),
    ("dynamodb", "TableName", "table/{}"),
    ("ecs", "TaskDefinition", "task-definition/{}"),
    ("firehose", "DeliveryStreamName", "deliverystream/{}"),
    ("glue", "JobName", "job/{}"),
    ("kinesis", "StreamARN", "{}"),
    ("kinesis", "StreamName", "stream/{}"),
    ("lambda", "FunctionName", "function:{}"),
    ("secretsmanager", "SecretId", "secret:{}-*"),
    ("sns", "TargetArn", "{}"),
    ("sns", "TopicArn", "{}"),
    ("ssm", "Name", "parameter/{}"),
    ("states", "StateMachineArn", "{}"),
];

/// The places and values of what a call is about; nothing if its parameters do not say.
pub(super) fn of(
    prefix: &str,
    names: &[String],
    parameters: &Parameters<'_>,
) -> Vec<(String, Given)> {
    match prefix {
        "s3" => bucket(names, parameters),
        "sqs" => vec![("{}".into(), queue(parameters.given("QueueUrl")))],
        "events" => buses(parameters),
        "bedrock" => vec![(String::new(), model(parameters.given("ModelId")))],
        "dynamodb" => tables(parameters),
        _ => named(prefix, parameters),
    }
}

fn named(prefix: &str, parameters: &Parameters<'_>) -> Vec<(String, Given)> {
    let mut found = Vec::new();
    for (_, name, place) in NAMED.iter().filter(|(service, _, _)| *service == prefix) {
        match parameters.given(name) {
            Given::Text(text) => match prefix {
                "lambda" => found.extend(of_function(&text)),
                "ssm" => found.push((
                    (*place).into(),
                    Given::Text(text.trim_start_matches('/').into()),
                )),
                // Any revision, if none is named.
                "ecs" | "batch" if *name != "JobQueue" && !text.contains(':') => {
                    found.push(((*place).into(), Given::Text(format!("{text}:*"))));
                }
                "states" => found.extend(state_machine(&text)),
                // What is filled in there is an ARN.
                _ if *place == "{}" => found.push((String::new(), Given::Text(text))),
                _ => found.push(((*place).into(), Given::Text(text))),
            },
            Given::Computed => found.push(((*place).into(), Given::Computed)),
            Given::Absent => {}
        }
    }
    found
}

/// A function, and its versions and aliases if none is named.
pub(super) fn function(arn: &str) -> Vec<String> {
    let is_qualified = arn.split(':').count() > 7;
    match is_qualified {
        true => vec![arn.into()],
        false => vec![arn.into(), format!("{arn}:*")],
    }
}

fn of_function(text: &str) -> Vec<(String, Given)> {
    let is_name = !text.starts_with("arn:") && !text.starts_with("${");
    let text = match is_name {
        true if text.contains(':') => vec![text.to_owned()],
        true => vec![text.to_owned(), format!("{text}:*")],
        false => function(text),
    };
    let place = if is_name { "function:{}" } else { "" };
    text.into_iter()
        .map(|text| (place.into(), Given::Text(text)))
        .collect()
}

/// A state machine; and the one without a version or alias, which is what IAM may look at.
fn state_machine(arn: &str) -> Vec<(String, Given)> {
    let plain: Vec<&str> = arn.split(':').take(7).collect();
    let plain = plain.join(":");
    let both = [(plain != arn).then_some(plain), Some(arn.to_owned())];
    let given = |arn| (String::new(), Given::Text(arn));
    both.into_iter().flatten().map(given).collect()
}

/// Actions on a bucket have the bucket for a resource, others the objects in it.
fn bucket(names: &[String], parameters: &Parameters<'_>) -> Vec<(String, Given)> {
    let bucket = match parameters.given("Bucket") {
        Given::Text(bucket) => format!(
            "arn:aws:s3:::{}",
            bucket.trim_start_matches("arn:aws:s3:::")
        ),
        other => return vec![("{}".into(), other)],
    };
    let is_of_object =
        |name: &String| name.contains("Object") || name == "ListMultipartUploadParts";
    if !names.iter().any(is_of_object) {
        return vec![(String::new(), Given::Text(bucket))];
    }
    let object = match parameters.given("Key") {
        Given::Text(key) => format!("{bucket}/{key}"),
        Given::Absent | Given::Computed => format!("{bucket}/*"),
    };
    let mut found = vec![(String::new(), Given::Text(object))];
    match parameters.given("CopySource") {
        Given::Text(source) => {
            let source = format!("arn:aws:s3:::{}", source.trim_start_matches('/'));
            found.push((String::new(), Given::Text(source)));
        }
        Given::Computed => found.push((String::new(), Given::Computed)),
        Given::Absent => {}
    }
    found
}

/// The objects of a bucket below a prefix.
pub(super) fn below_prefix(parameters: &Parameters<'_>) -> Vec<(String, Given)> {
    let given = match (parameters.given("Bucket"), parameters.given("Prefix")) {
        (Given::Text(bucket), Given::Text(prefix)) => {
            let prefix = prefix.trim_end_matches('/');
            Given::Text(format!("arn:aws:s3:::{bucket}/{prefix}/*"))
        }
        (Given::Text(bucket), _) => Given::Text(format!("arn:aws:s3:::{bucket}/*")),
        (other, _) => other,
    };
    vec![(String::new(), given)]
}

/// `https://sqs.us-east-1.amazonaws.com/123456789012/orders`.
fn queue(url: Given) -> Given {
    let Given::Text(text) = &url else {
        return url;
    };
    let Some(rest) = text.strip_prefix("https://sqs.") else {
        return match text.starts_with("arn:") {
            true => url,
            false => Given::Computed,
        };
    };
    let region = rest.split('.').next().unwrap_or("*");
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        [_, account, name] => Given::Text(format!("arn:aws:sqs:{region}:{account}:{name}")),
        _ => Given::Computed,
    }
}

/// The buses of the entries.
fn buses(parameters: &Parameters<'_>) -> Vec<(String, Given)> {
    let entries = parameters.within("Entries").elements();
    if entries.is_empty() {
        let given = match parameters
            .names()
            .iter()
            .any(|name| name.starts_with("Entries"))
        {
            true => Given::Computed,
            false => Given::Absent,
        };
        return vec![(String::new(), given)];
    }
    let bus = |entry: &Parameters<'_>| match entry.given("EventBusName") {
        Given::Absent => Given::Text("default".into()),
        given => given,
    };
    entries
        .iter()
        .map(|entry| ("event-bus/{}".into(), bus(entry)))
        .collect()
}

/// Models are nobody's.
fn model(given: Given) -> Given {
    match given {
        Given::Text(model) if !model.starts_with("arn:") => {
            Given::Text(format!("arn:aws:bedrock:*::foundation-model/{model}"))
        }
        given => given,
    }
}

/// A table, with its indexes if one is read; the tables of a batch.
fn tables(parameters: &Parameters<'_>) -> Vec<(String, Given)> {
    let batch = parameters.within("RequestItems").names();
    if !batch.is_empty() {
        let table = |name: &&str| match name.ends_with(".$") {
            true => ("table/{}".into(), Given::Computed),
            false => ("table/{}".into(), Given::Text((*name).into())),
        };
        return batch.iter().map(table).collect();
    }
    let mut found = named("dynamodb", parameters);
    let table = found.first().cloned();
    match (parameters.given("IndexName"), table) {
        (Given::Absent, _) => {}
        (index, Some((place, Given::Text(table)))) => {
            let index = match index {
                Given::Text(index) => index,
                _ => "*".into(),
            };
            found.push((place, Given::Text(format!("{table}/index/{index}"))));
        }
        _ => {}
    }
    found
}
