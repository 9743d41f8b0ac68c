//! What the resources of a template are called: plausible names and ARNs, since nothing is deployed.

use super::functions::{Scope, Unresolved, escape};

/// How resources of a type are named.
struct Naming {
    types: &'static [&'static str],
    /// The property that gives the name; without it, it is the resource's own in the template.
    property: &'static str,
    /// What `Ref` gives.
    reference: &'static str,
    /// Its ARN.
    arn: &'static str,
}

/// `{name}`, `{arn}`, `{region}` and `{account}` are filled in.
///
/// AWS: [Resource types](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html),
/// "Return values".
const NAMINGS: &[Naming] = &[
    Naming {
        types: &["AWS::Serverless::Function", "AWS::Lambda::Function"],
        property: "FunctionName",
        reference: "{name}",
        arn: "arn:aws:lambda:{region}:{account}:function:{name}",
    },
    Naming {
        types: &["AWS::Serverless::StateMachine"],
        property: "Name",
        reference: "{arn}",
        arn: "arn:aws:states:{region}:{account}:stateMachine:{name}",
    },
    Naming {
        types: &["AWS::StepFunctions::StateMachine"],
        property: "StateMachineName",
        reference: "{arn}",
        arn: "arn:aws:states:{region}:{account}:stateMachine:{name}",
    },
    Naming {
        types: &["AWS::StepFunctions::Activity"],
        property: "Name",
        reference: "{arn}",
        arn: "arn:aws:states:{region}:{account}:activity:{name}",
    },
    Naming {
        types: &["AWS::SQS::Queue"],
        property: "QueueName",
        reference: "https://sqs.{region}.amazonaws.com/{account}/{name}",
        arn: "arn:aws:sqs:{region}:{account}:{name}",
    },
    Naming {
        types: &["AWS::SNS::Topic"],
        property: "TopicName",
        reference: "{arn}",
        arn: "arn:aws:sns:{region}:{account}:{name}",
    },
    Naming {
        types: &[
            "AWS::DynamoDB::Table",
            "AWS::DynamoDB::GlobalTable",
            "AWS::Serverless::SimpleTable",
        ],
        property: "TableName",
        reference: "{name}",
        arn: "arn:aws:dynamodb:{region}:{account}:table/{name}",
    },
    Naming {
        types: &["AWS::S3::Bucket"],
        property: "BucketName",
        reference: "{name}",
        arn: "arn:aws:s3:::{name}",
    },
    Naming {
        types: &["AWS::IAM::Role"],
        property: "RoleName",
        reference: "{name}",
        arn: "arn:aws:iam::{account}:role/{name}",
    },
    Naming {
        types: &["AWS::Events::EventBus"],
        property: "Name",
        reference: "{name}",
        arn: "arn:aws:events:{region}:{account}:event-bus/{name}",
    },
    Naming {
        types: &["AWS::Logs::LogGroup"],
        property: "LogGroupName",
        reference: "{name}",
        arn: "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    },
    Naming {
        types: &["AWS::ECS::Cluster"],
        property: "ClusterName",
        reference: "{name}",
        arn: "arn:aws:ecs:{region}:{account}:cluster/{name}",
    },
    Naming {
        types: &["AWS::ECS::TaskDefinition"],
        property: "Family",
        reference: "{arn}",
        arn: "arn:aws:ecs:{region}:{account}:task-definition/{name}:1",
    },
    Naming {
        types: &["AWS::Batch::JobQueue"],
        property: "JobQueueName",
        reference: "{arn}",
        arn: "arn:aws:batch:{region}:{account}:job-queue/{name}",
    },
    Naming {
        types: &["AWS::Batch::JobDefinition"],
        property: "JobDefinitionName",
        reference: "{arn}",
        arn: "arn:aws:batch:{region}:{account}:job-definition/{name}:1",
    },
    Naming {
        types: &["AWS::Glue::Job"],
        property: "Name",
        reference: "{name}",
        arn: "arn:aws:glue:{region}:{account}:job/{name}",
    },
    Naming {
        types: &["AWS::CodeBuild::Project"],
        property: "Name",
        reference: "{name}",
        arn: "arn:aws:codebuild:{region}:{account}:project/{name}",
    },
    Naming {
        types: &["AWS::SecretsManager::Secret"],
        property: "Name",
        reference: "{arn}",
        arn: "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
    },
    Naming {
        types: &["AWS::Events::Connection"],
        property: "Name",
        reference: "{name}",
        arn: "arn:aws:events:{region}:{account}:connection/{name}/0",
    },
];

/// A resource with its names.
struct Named {
    name: String,
    reference: String,
    arn: String,
}

/// What `Ref` gives for a resource; `None` if there is none of that name.
pub(super) fn reference(scope: &Scope<'_>, name: &str) -> Result<Option<String>, Unresolved> {
    if let Some(named) = named(scope, name)? {
        return Ok(Some(named.reference));
    }
    // The version and the alias that SAM makes of a function or a state machine.
    let Some((owner, part)) = name.rsplit_once('.') else {
        return Ok(None);
    };
    let Some(named) = named(scope, owner)? else {
        return Ok(None);
    };
    let qualifier = match part {
        "Alias" => property(scope, owner, "AutoPublishAlias")?,
        "Version" => Some("1".into()),
        _ => None,
    };
    Ok(qualifier.map(|qualifier| format!("{}:{qualifier}", named.arn)))
}

/// An attribute of a resource; `None` if there is none of that name.
pub(super) fn attribute(
    scope: &Scope<'_>,
    name: &str,
    attribute: &str,
) -> Result<Option<String>, Unresolved> {
    if matches!(attribute, "Alias" | "Version") {
        return reference(scope, &format!("{name}.{attribute}"));
    }
    let Some(named) = named(scope, name)? else {
        // The role that SAM makes for a function or a state machine.
        let owner = name.strip_suffix("Role");
        let owner = owner.and_then(|owner| scope.template["Resources"].get(owner));
        let account = &scope.place.account_id;
        return Ok(owner.map(|_| format!("arn:aws:iam::{account}:role/{name}")));
    };
    Ok(Some(match attribute {
        "StreamArn" => format!("{}/stream/2024-01-01T00:00:00.000", named.arn),
        "QueueUrl" => named.reference,
        _ if attribute.ends_with("Arn") => named.arn,
        _ if attribute.ends_with("Name") => named.name,
        _ => format!("{name}.{attribute}"),
    }))
}

fn named(scope: &Scope<'_>, resource: &str) -> Result<Option<Named>, Unresolved> {
    let Some(declared) = scope.template["Resources"].get(resource) else {
        return Ok(None);
    };
    let resource_type = declared["Type"].as_str().unwrap_or_default();
    if matches!(resource_type, "AWS::Lambda::Alias" | "AWS::Lambda::Version") {
        return qualified(scope, resource_type, resource).map(Some);
    }
    let naming = NAMINGS
        .iter()
        .find(|naming| naming.types.contains(&resource_type));
    let Some(naming) = naming else {
        let service = resource_type.split("::").nth(1).unwrap_or("local");
        let service = service.to_lowercase();
        let arn = format!("arn:aws:{service}:{{region}}:{{account}}:{{name}}");
        return Ok(Some(Named {
            name: resource.to_owned(),
            reference: resource.to_owned(),
            arn: fill(scope, &arn, resource, ""),
        }));
    };
    let name = property(scope, resource, naming.property)?;
    let name = name.unwrap_or_else(|| resource.to_owned());
    let arn = fill(scope, naming.arn, &name, "");
    let reference = fill(scope, naming.reference, &name, &arn);
    Ok(Some(Named {
        name,
        reference,
        arn,
    }))
}

/// An alias or a version of a function: its ARN is that of the function, and more.
fn qualified(scope: &Scope<'_>, resource_type: &str, resource: &str) -> Result<Named, Unresolved> {
    let property = |name| Ok(property(scope, resource, name)?.unwrap_or_default());
    let function = property("FunctionName")?;
    let qualifier = match resource_type {
        "AWS::Lambda::Alias" => property("Name")?,
        _ => "1".into(),
    };
    let function = match function.starts_with("arn:") {
        true => function,
        false => fill(scope, NAMINGS[0].arn, &function, ""),
    };
    let arn = format!("{function}:{qualifier}");
    Ok(Named {
        name: qualifier,
        reference: arn.clone(),
        arn,
    })
}

/// A property of a resource, as text.
fn property(scope: &Scope<'_>, resource: &str, name: &str) -> Result<Option<String>, Unresolved> {
    let Some(value) = scope.template["Resources"][resource]["Properties"].get(name) else {
        return Ok(None);
    };
    let at = format!("/Resources/{}/Properties/{name}", escape(resource));
    scope.text(value, &at).map(Some)
}

fn fill(scope: &Scope<'_>, pattern: &str, name: &str, arn: &str) -> String {
    pattern
        .replace("{region}", &scope.place.region)
        .replace("{account}", &scope.place.account_id)
        .replace("{arn}", arn)
        .replace("{name}", name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dev::template::functions::Place;

    #[test]
    fn resources_have_the_names_and_arns_that_their_types_have() {
        let template = json!({ "Resources": {
            "Charge": { "Type": "AWS::Serverless::Function", "Properties": { "AutoPublishAlias": "live" } },
            "Order": { "Type": "AWS::Serverless::StateMachine", "Properties": { "Name": "order" } },
            "Pack": { "Type": "AWS::StepFunctions::Activity" },
            "Queue": { "Type": "AWS::SQS::Queue" },
            "Topic": { "Type": "AWS::SNS::Topic" },
            "Table": { "Type": "AWS::DynamoDB::Table" },
            "Stable": { "Type": "AWS::Lambda::Alias",
                        "Properties": { "Name": "stable", "FunctionName": { "Ref": "Charge" } } },
            "Other": { "Type": "AWS::Kinesis::Stream" },
        } });
        let place = Place {
            region: "eu-central-1".into(),
            account_id: "111122223333".into(),
        };
        let substitutions = Default::default();
        let scope = Scope::new(&template, &place, &substitutions);
        let at = "eu-central-1:111122223333";
        for (name, expected) in [
            ("Charge", "Charge".to_owned()),
            (
                "Charge.Alias",
                format!("arn:aws:lambda:{at}:function:Charge:live"),
            ),
            ("Order", format!("arn:aws:states:{at}:stateMachine:order")),
            ("Pack", format!("arn:aws:states:{at}:activity:Pack")),
            (
                "Queue",
                "https://sqs.eu-central-1.amazonaws.com/111122223333/Queue".into(),
            ),
            ("Topic", format!("arn:aws:sns:{at}:Topic")),
            ("Table", "Table".into()),
            (
                "Stable",
                format!("arn:aws:lambda:{at}:function:Charge:stable"),
            ),
            ("Other", "Other".into()),
        ] {
            assert_eq!(reference(&scope, name), Ok(Some(expected)), "{name}");
        }
        for (name, of, expected) in [
            (
                "Charge",
                "Arn",
                format!("arn:aws:lambda:{at}:function:Charge"),
            ),
            ("Order", "Name", "order".into()),
            ("Queue", "Arn", format!("arn:aws:sqs:{at}:Queue")),
            ("Queue", "QueueName", "Queue".into()),
            ("Topic", "TopicArn", format!("arn:aws:sns:{at}:Topic")),
            ("Table", "Arn", format!("arn:aws:dynamodb:{at}:table/Table")),
            (
                "ChargeRole",
                "Arn",
                "arn:aws:iam::111122223333:role/ChargeRole".into(),
            ),
            ("Other", "Arn", format!("arn:aws:kinesis:{at}:Other")),
        ] {
            assert_eq!(
                attribute(&scope, name, of),
                Ok(Some(expected)),
                "{name}.{of}"
            );
        }
        assert_eq!(reference(&scope, "Nothing"), Ok(None));
        assert_eq!(attribute(&scope, "Nothing", "Arn"), Ok(None));
    }
}
