"""What executions call in `test_services`: for each service some tasks in a row, with what each comes to.

A task is its resource, its parameters, and what its result must have: members with their values, or `ANY` for any
value, or the name of the error that it must fail with. `$.name` refers to the result of an earlier task.
"""

ANY = object()
ROLE = '{"Version": "2012-10-17", "Statement": []}'
SDK = "aws-sdk:"

SCENARIOS = {
    "dynamodb": [
        (SDK + "dynamodb:createTable", {
            "TableName": "t", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        }, {"TableDescription": ANY}),
        ("dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S": "1"}, "n": {"N": "5"}}}, {"SdkHttpMetadata": ANY}),
        (SDK + "dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S": "ü"}, "b": {"Bool": True}}}, {}),
        ("dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}, {"Item": {"id": {"S": "1"}, "n": {"N": "5"}}}),
        (SDK + "dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "ü"}}}, {"Item": {"id": {"S": "ü"}, "b": {"Bool": True}}}),
        ("dynamodb:updateItem", {
            "TableName": "t", "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET n = n + :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW",
        }, {"Attributes": {"n": {"N": "6"}}}),
        (SDK + "dynamodb:query", {
            "TableName": "t", "KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "1"}},
        }, {"Count": 1}),
        (SDK + "dynamodb:scan", {"TableName": "t"}, {"Count": 2}),
        ("dynamodb:deleteItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}, {}),
        ("dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "1"}}}, "DynamoDB.ResourceNotFoundException"),
        (SDK + "dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "1"}}}, "DynamoDb.ResourceNotFoundException"),
        ("dynamodb:putItem", {
            "TableName": "t", "Item": {"id": {"S": "ü"}}, "ConditionExpression": "attribute_not_exists(id)",
        }, "DynamoDB.ConditionalCheckFailedException"),
        (SDK + "dynamodb:putItem", {
            "TableName": "t", "Item": {"id": {"S": "ü"}}, "ConditionExpression": "attribute_not_exists(id)",
        }, "DynamoDb.ConditionalCheckFailedException"),
    ],
    "sqs": [
        (SDK + "sqs:createQueue", {"QueueName": "q"}, {"QueueUrl": ANY}),
        ("sqs:sendMessage", {"QueueUrl.$": "$.task0.QueueUrl", "MessageBody": {"a": 1}}, {
            "MD5OfMessageBody": "bb6cb5c68df4652941caf652a366f2d8", "SdkResponseMetadata": ANY,
        }),
        (SDK + "sqs:sendMessage", {"QueueUrl.$": "$.task0.QueueUrl", "MessageBody": "text"}, {
            "Md5OfMessageBody": "1cb251ec0d568de6a929b520c4aed8d1",
        }),
        (SDK + "sqs:receiveMessage", {"QueueUrl.$": "$.task0.QueueUrl"}, {"Messages": ANY}),
        (SDK + "sqs:getQueueUrl", {"QueueName": "none"}, "Sqs.QueueDoesNotExistException"),
    ],
    "sns": [
        (SDK + "sns:createTopic", {"Name": "topic"}, {"TopicArn": ANY}),
        ("sns:publish", {"TopicArn.$": "$.task0.TopicArn", "Message": {"a": 1}}, {"MessageId": ANY, "SdkHttpMetadata": ANY}),
        (SDK + "sns:publish", {"TopicArn.$": "$.task0.TopicArn", "Message": "text"}, {"MessageId": ANY}),
        (SDK + "sns:listTopics", {}, {"Topics": ANY}),
        ("sns:publish", {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:none", "Message": "m"}, "SNS.NotFoundException"),
        (SDK + "sns:publish", {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:none", "Message": "m"}, "Sns.NotFoundException"),
    ],
    "eventbridge": [
        (SDK + "eventbridge:createEventBus", {"Name": "bus"}, {"EventBusArn": ANY}),
        ("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {"a": 1}, "EventBusName": "bus"}]}, {
            "FailedEntryCount": 0, "Entries": [{"EventId": ANY}],
        }),
        ("events:putEvents", {"Entries": [{"DetailType": "d", "Detail": {"a": 1}}]}, "EventBridge.FailedEntry"),
        (SDK + "eventbridge:putRule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}, {"RuleArn": ANY}),
        (SDK + "eventbridge:describeRule", {"Name": "none"}, "EventBridge.ResourceNotFoundException"),
    ],
    "s3": [
        (SDK + "s3:createBucket", {
            "Bucket": "segno-test", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"},
        }, {}),
        (SDK + "s3:putObject", {"Bucket": "segno-test", "Key": "a b/ü.json", "Body": {"x": [1, "é"]}}, {"ETag": ANY}),
        (SDK + "s3:getObject", {"Bucket": "segno-test", "Key": "a b/ü.json"}, {"Body": '{"x":[1,"é"]}', "Metadata": {}}),
        (SDK + "s3:headObject", {"Bucket": "segno-test", "Key": "a b/ü.json"}, {"ContentLength": 14}),
        (SDK + "s3:listObjectsV2", {"Bucket": "segno-test"}, {"KeyCount": 1}),
        (SDK + "s3:copyObject", {"Bucket": "segno-test", "Key": "copy", "CopySource": "segno-test/a%20b/%C3%BC.json"}, {
            "CopyObjectResult": ANY,
        }),
        (SDK + "s3:deleteObjects", {"Bucket": "segno-test", "Delete": {"Objects": [{"Key": "copy"}]}}, {"Deleted": ANY}),
        (SDK + "s3:putBucketTagging", {"Bucket": "segno-test", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}, {}),
        (SDK + "s3:getBucketTagging", {"Bucket": "segno-test"}, {"TagSet": [{"Key": "k", "Value": "v"}]}),
        (SDK + "s3:getObject", {"Bucket": "segno-test", "Key": "none"}, "S3.NoSuchKeyException"),
        (SDK + "s3:listObjectsV2", {"Bucket": "none"}, "S3.NoSuchBucketException"),
    ],
    "cloudwatchlogs": [
        (SDK + "cloudwatchlogs:createLogGroup", {"LogGroupName": "g"}, {}),
        (SDK + "cloudwatchlogs:createLogStream", {"LogGroupName": "g", "LogStreamName": "s"}, {}),
        (SDK + "cloudwatchlogs:describeLogGroups", {}, {"LogGroups": ANY}),
        (SDK + "cloudwatchlogs:createLogGroup", {"LogGroupName": "g"}, "CloudWatchLogs.ResourceAlreadyExistsException"),
    ],
    "kms": [
        (SDK + "kms:createKey", {"Description": "k"}, {"KeyMetadata": ANY}),
        (SDK + "kms:describeKey", {"KeyId.$": "$.task0.KeyMetadata.KeyId"}, {"KeyMetadata": ANY}),
        (SDK + "kms:describeKey", {"KeyId": "00000000-0000-0000-0000-000000000000"}, "Kms.NotFoundException"),
    ],
    "secretsmanager": [
        (SDK + "secretsmanager:createSecret", {"Name": "s", "SecretString": {"user": "u"}}, {"Arn": ANY}),
        (SDK + "secretsmanager:getSecretValue", {"SecretId": "s"}, {"SecretString": '{"user":"u"}', "CreatedDate": ANY}),
        (SDK + "secretsmanager:getSecretValue", {"SecretId": "none"}, "SecretsManager.ResourceNotFoundException"),
    ],
    "ssm": [
        (SDK + "ssm:putParameter", {"Name": "/p", "Value": "v", "Type": "String"}, {"Version": 1}),
        (SDK + "ssm:getParameter", {"Name": "/p"}, {"Parameter": {"Value": "v"}}),
        (SDK + "ssm:getParameter", {"Name": "/none"}, "Ssm.ParameterNotFoundException"),
    ],
    "ec2": [
        (SDK + "ec2:createVpc", {"CidrBlock": "10.0.0.0/16"}, {"Vpc": {"CidrBlock": "10.0.0.0/16"}}),
        (SDK + "ec2:createTags", {"Resources.$": "States.Array($.task0.Vpc.VpcId)", "Tags": [{"Key": "k", "Value": "ü"}]}, {}),
        (SDK + "ec2:describeVpcs", {"Filters": [{"Name": "tag:k", "Values": ["ü"]}]}, {"Vpcs": [{"Tags": ANY}]}),
        (SDK + "ec2:describeVpcs", {"VpcIds": ["vpc-00000000"]}, "Ec2.Ec2Exception"),
    ],
    "iam": [
        (SDK + "iam:createRole", {"RoleName": "r", "AssumeRolePolicyDocument": ROLE}, {"Role": {"RoleName": "r"}}),
        (SDK + "iam:getRole", {"RoleName": "r"}, {"Role": {"Arn": "arn:aws:iam::123456789012:role/r"}}),
        (SDK + "iam:listRoles", {}, {"IsTruncated": False}),
        (SDK + "iam:getRole", {"RoleName": "none"}, "Iam.NoSuchEntityException"),
    ],
    "sts": [
        (SDK + "sts:getCallerIdentity", {}, {"Account": "123456789012"}),
    ],
    "rds": [
        (SDK + "rds:createDBInstance", {
            "DbInstanceIdentifier": "db", "DbInstanceClass": "db.t3.micro", "Engine": "postgres",
            "MasterUsername": "u", "MasterUserPassword": "password1", "AllocatedStorage": 20,
        }, {"DbInstance": {"DbInstanceIdentifier": "db"}}),
        (SDK + "rds:describeDBInstances", {}, {"DbInstances": [{"DbInstanceStatus": ANY}]}),
        (SDK + "rds:describeDBInstances", {"DbInstanceIdentifier": "none"}, "Rds.DbInstanceNotFoundException"),
    ],
    "cloudwatch": [
        (SDK + "cloudwatch:putMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}, {}),
        (SDK + "cloudwatch:listMetrics", {"Namespace": "n"}, {"Metrics": [{"MetricName": "m"}]}),
    ],
    "elasticloadbalancingv2": [
        (SDK + "elasticloadbalancingv2:createTargetGroup", {"Name": "tg", "TargetType": "lambda"}, {
            "TargetGroups": [{"TargetGroupName": "tg", "TargetGroupArn": ANY}],
        }),
        (SDK + "elasticloadbalancingv2:describeLoadBalancers", {}, {}),
        (SDK + "elasticloadbalancingv2:describeLoadBalancers", {"Names": ["none"]}, "ElasticLoadBalancingV2.LoadBalancerNotFoundException"),
    ],
    "cloudformation": [
        (SDK + "cloudformation:describeStacks", {}, {}),
        (SDK + "cloudformation:describeStacks", {"StackName": "none"}, "CloudFormation.CloudFormationException"),
    ],
    "route53": [
        (SDK + "route53:createHostedZone", {"Name": "segno.test.", "CallerReference": "1"}, {"HostedZone": {"Name": "segno.test."}}),
        (SDK + "route53:listResourceRecordSets", {"HostedZoneId.$": "$.task0.HostedZone.Id"}, {"ResourceRecordSets": ANY}),
        (SDK + "route53:getHostedZone", {"Id": "ZNONE"}, "Route53.NoSuchHostedZoneException"),
    ],
    "cloudfront": [
        (SDK + "cloudfront:listDistributions", {}, {"DistributionList": ANY}),
        (SDK + "cloudfront:getDistribution", {"Id": "none"}, "CloudFront.NoSuchDistributionException"),
    ],
    "apigateway": [
        (SDK + "apigateway:createRestApi", {"Name": "api"}, {"Name": "api", "Id": ANY}),
        (SDK + "apigateway:getResources", {"RestApiId.$": "$.task0.Id"}, {"Items": [{"Path": "/"}]}),
        (SDK + "apigateway:getRestApi", {"RestApiId": "none"}, "ApiGateway.NotFoundException"),
    ],
    "lambda": [
        (SDK + "lambda:listFunctions", {}, {"Functions": []}),
        (SDK + "lambda:getFunction", {"FunctionName": "none"}, "Lambda.ResourceNotFoundException"),
    ],
    "kinesis": [
        (SDK + "kinesis:createStream", {"StreamName": "s", "ShardCount": 1}, {}),
        (SDK + "kinesis:putRecord", {"StreamName": "s", "PartitionKey": "p", "Data": "data"}, {"ShardId": ANY}),
        (SDK + "kinesis:describeStreamSummary", {"StreamName": "none"}, "Kinesis.ResourceNotFoundException"),
    ],
    "ecs": [
        (SDK + "ecs:createCluster", {"ClusterName": "c"}, {"Cluster": {"ClusterName": "c"}}),
        ("ecs:runTask", {"Cluster": "c", "TaskDefinition": "none"}, "ECS.ClientException"),
        (SDK + "ecs:runTask", {"Cluster": "c", "TaskDefinition": "none"}, "Ecs.ClientException"),
    ],
    "emr": [
        (SDK + "emr:runJobFlow", {
            "Name": "c", "ReleaseLabel": "emr-5.28.0", "ServiceRole": "r", "JobFlowRole": "p",
            "Instances": {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [
                {"Name": name, "InstanceRole": role, "InstanceType": "m4.large", "InstanceCount": 1}
                for name, role in (("main", "MASTER"), ("work", "CORE"))
            ]},
        }, {"JobFlowId": ANY}),
        ("elasticmapreduce:modifyInstanceGroupByName", {
            "ClusterId.$": "$.task0.JobFlowId", "InstanceGroupName": "main", "InstanceGroup": {"InstanceCount": 3},
        }, {"SdkHttpMetadata": ANY}),
        ("elasticmapreduce:modifyInstanceGroupByName", {
            "ClusterId.$": "$.task0.JobFlowId", "InstanceGroupName": "work", "InstanceGroup": {"InstanceCount": 3},
        }, {"SdkHttpMetadata": ANY}),
        (SDK + "emr:listInstanceGroups", {"ClusterId.$": "$.task0.JobFlowId"}, {
            "InstanceGroups": [{"RequestedInstanceCount": 3}, {"RequestedInstanceCount": 3}],
        }),
    ],
    "glue": [
        (SDK + "glue:createDatabase", {"DatabaseInput": {"Name": "d"}}, {}),
        (SDK + "glue:getDatabase", {"Name": "d"}, {"Database": {"Name": "d"}}),
        (SDK + "glue:getDatabase", {"Name": "none"}, "Glue.EntityNotFoundException"),
    ],
    "athena": [
        (SDK + "athena:createWorkGroup", {"Name": "w"}, {}),
        (SDK + "athena:listWorkGroups", {}, {"WorkGroups": ANY}),
    ],
    "efs": [
        (SDK + "efs:createFileSystem", {"CreationToken": "t"}, {"FileSystemId": ANY}),
        (SDK + "efs:describeFileSystems", {"FileSystemId": "fs-00000000"}, "Efs.FileSystemNotFoundException"),
    ],
    "jobs": [
        (SDK + "glue:createJob", {"Name": "j", "Role": "r", "Command": {"Name": "glueetl"}}, {"Name": "j"}),
        ("glue:startJobRun.sync", {"JobName": "j"}, {"JobName": "j", "JobRunState": "SUCCEEDED"}),
        ("glue:startJobRun.sync", {"JobName": "none"}, "Glue.EntityNotFoundException"),
        ("athena:startQueryExecution.sync", {
            "QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://none/"},
        }, {"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}),
        (SDK + "codebuild:createProject", {
            "Name": "project", "Source": {"Type": "S3", "Location": "bucket/key"}, "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Environment": {"Type": "LINUX_CONTAINER", "Image": "i", "ComputeType": "BUILD_GENERAL1_SMALL"},
            "ServiceRole": "arn:aws:iam::123456789012:role/service-role/r",
        }, {"Project": {"Name": "project"}}),
        ("codebuild:startBuild.sync", {"ProjectName": "project"}, {"Build": {"BuildStatus": "SUCCEEDED"}}),
    ],
    "cognitoidentityprovider": [
        (SDK + "cognitoidentityprovider:createUserPool", {"PoolName": "p"}, {"UserPool": {"Name": "p"}}),
        (SDK + "cognitoidentityprovider:describeUserPool", {"UserPoolId": "none"}, "CognitoIdentityProvider.ResourceNotFoundException"),
    ],
}
