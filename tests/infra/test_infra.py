"""infra/terraform is template.yaml: the same parameters, resources, permissions and environment; and infra/alarms.yaml
watches metrics that there are. Both are read, and nothing is called."""

import json
import pathlib
import re
import unittest

import hcl2
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ("api", "callback", "start", "step")

# What Terraform calls what CloudFormation calls otherwise.
SAME = {
    "aws_dynamodb_table.table.arn": "Table.Arn",
    "aws_dynamodb_table.table.name": "Table",
    "aws_s3_bucket.bucket.arn": "Bucket.Arn",
    "aws_s3_bucket.bucket.bucket": "Bucket",
    "aws_sqs_queue.queue.arn": "Queue.Arn",
    "aws_sqs_queue.queue.url": "Queue",
    "aws_sqs_queue.second_queue.arn": "SecondQueue.Arn",
    "aws_sqs_queue.second_queue.url": "SecondQueue",
    "aws_sqs_queue.dead_letters.arn": "DeadLetters.Arn",
    "aws_sqs_queue.dead_letters.url": "DeadLetters",
    "local.account": "AWS::AccountId",
    "local.region": "AWS::Region",
    "var.event_bus": "EventBus",
    "local.role_pattern": "the role pattern",
    "var.name": "AWS::StackName",
    "local.partition": "AWS::Partition",
    "var.longest_delay_seconds": "LongestDelaySeconds",
    "var.definitions_bucket": "DefinitionsBucket",
}

# Variables that the template has no parameter for: CloudFormation gives names, and SAM finds the functions.
ONLY_TERRAFORM = {"name", "functions"}


class Loader(yaml.SafeLoader):
    pass


def function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", function)


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def template(path="template.yaml"):
    return yaml.load((REPOSITORY / path).read_text(), Loader)


def bare(value):
    """What was read of Terraform's language, without the quotes of its texts and without comments."""
    if isinstance(value, dict):
        members = {bare(key): bare(item) for key, item in value.items()}
        return {key: item for key, item in members.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [bare(item) for item in value]
    if isinstance(value, str) and value.startswith('"'):
        return value[1:-1]
    return value


def terraform(name):
    with open(REPOSITORY / "infra" / "terraform" / f"{name}.tf") as file:
        return bare(hcl2.load(file))


def blocks(module, kind):
    """The blocks of a kind, by type and name."""
    return {
        (type_, name): block
        for entry in module[kind] for type_, named in entry.items() for name, block in named.items()
    }


def of_terraform(value):
    """A value of Terraform, in the words of CloudFormation."""
    def reference(match):
        name = match[1]
        return SAME.get(name) or (camel(name[4:]) if name.startswith("var.") else match[0])
    return re.sub(r"\$\{([a-z0-9_.]+)\}", reference, value) if isinstance(value, str) else value


def of_cloudformation(value):
    """A value of CloudFormation, as a text."""
    match value:
        case {"Ref": name}:
            return name
        case {"Fn::GetAtt": name}:
            return name
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([A-Za-z:.]+)\}", r"\1", text)
        case {"Fn::If": ["HasOwnRoles", *_]}:
            return "the role pattern"
        case _:
            return value


def listed(value):
    return value if isinstance(value, list) else [value]


class Infra(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.template = template()
        cls.resources = cls.template["Resources"]
        module = terraform("main")
        cls.module = blocks(module, "resource")
        cls.documents = {name: block for (_, name), block in blocks(module, "data").items() if "statement" in block}
        cls.locals = module["locals"][0]

    def properties(self, name):
        return self.resources[name]["Properties"]

    def of_type(self, kind):
        return {name: entry["Properties"] for name, entry in self.resources.items() if entry["Type"] == kind}

    def test_parameters_are_variables(self):
        variables = {name: block for entry in terraform("variables")["variable"] for name, block in entry.items()}
        parameters = {snake(name): parameter for name, parameter in self.template["Parameters"].items()}
        self.assertEqual(set(parameters), set(variables) - ONLY_TERRAFORM)
        for name, parameter in parameters.items():
            self.assertEqual(parameter["Default"], variables[name]["default"], name)

    def test_outputs_are_outputs(self):
        outputs = {name for entry in terraform("outputs")["output"] for name in entry}
        # What alarms.yaml imports, and what the example needs, are for their own.
        self.assertEqual({snake(name) for name in self.template["Outputs"]} - {"names"}, outputs - {"caller_roles"})

    def test_each_function_may_do_the_same(self):
        for name in FUNCTIONS:
            expected = {}
            for statement in self.properties(name.capitalize())["Policies"][0]["Statement"]:
                if "Fn::If" in statement:
                    statement = statement["Fn::If"][1]
                self.assertEqual(statement["Effect"], "Allow")
                resources = sorted(of_cloudformation(resource) for resource in listed(statement["Resource"]))
                expected[statement["Sid"]] = (sorted(listed(statement["Action"])), resources)
            document = self.documents[name]
            dynamic = [entry["statement"] for entry in document.get("dynamic", [])]
            found = {}
            for statement in document["statement"] + [block["content"][0] for block in dynamic]:
                resources = statement["resources"]
                if resources[0].endswith(("${statement.value}", "${statement.value}/*")):
                    [source] = [block["for_each"] for block in dynamic if block["content"][0] is statement]
                    source = re.search(r"\[([a-z_.]+)\]", source)[1]
                    source = self.locals.get(source.removeprefix("local."), f"${{{source}}}")
                    resources = [resource.replace("${statement.value}", source) for resource in resources]
                self.assertNotIn("effect", statement)
                found[statement["sid"]] = (sorted(statement["actions"]), sorted(map(of_terraform, resources)))
            self.assertEqual(expected, found, name)

    def test_whoever_is_denied_is_denied(self):
        for name, document in {"QueuePolicy": "queues", "BucketPolicy": "bucket"}.items():
            [expected] = self.properties(name)["PolicyDocument"]["Statement"]
            [found] = self.documents[document]["statement"]
            self.assertEqual((expected["Effect"], expected["Action"]), (found["effect"], found["actions"]))
            self.assertEqual(
                sorted(of_cloudformation(resource) for resource in listed(expected["Resource"])),
                sorted(map(of_terraform, found["resources"])),
            )
            conditions = {(test, key) for test, keys in expected["Condition"].items() for key in keys}
            self.assertEqual(conditions, {(entry["test"], entry["variable"]) for entry in found["condition"]})
            self.assertEqual(len(expected["Condition"]["ArnNotLike"]["aws:PrincipalArn"]), len(FUNCTIONS))
        roles = self.module["aws_iam_role", "function"]["for_each"]
        self.assertEqual(sorted(re.findall(r'"(\w+)"', roles)), sorted(FUNCTIONS))

    def test_functions_have_the_same_settings_and_environment(self):
        common = self.template["Globals"]["Function"]
        function = self.module["aws_lambda_function", "function"]
        expected = {name: of_cloudformation(value) for name, value in common["Environment"]["Variables"].items()}
        # merge(lookup(…), { NAME = value … }), which is read as a text.
        merged = function["environment"][0]["variables"]
        found = dict(re.findall(r"(SEGNO_\w+) *= *([a-z0-9_.]+)", merged))
        found = {name: of_terraform(f"${{{value}}}") for name, value in found.items()}
        self.assertEqual(expected, found)
        for name in FUNCTIONS:
            own = self.properties(name.capitalize()).get("Environment", {}).get("Variables", {})
            self.assertEqual(set(own), set(self.locals["environment"].get(name, {})), name)
        for expected, found in {
            "Runtime": "runtime", "Handler": "handler", "MemorySize": "memory_size",
        }.items():
            self.assertEqual(common[expected], function[found])
        recursion = self.module["aws_lambda_function_recursion_config", "function"]
        self.assertEqual(common["RecursiveLoop"], recursion["recursive_loop"])
        for name in FUNCTIONS:
            timeout = self.properties(name.capitalize()).get("Timeout", common["Timeout"])
            self.assertEqual(timeout, self.locals["functions"][name]["timeout"], name)

    def test_queues_are_queues(self):
        queues = self.of_type("AWS::SQS::Queue")
        self.assertEqual({snake(name) for name in queues}, {n for t, n in self.module if t == "aws_sqs_queue"})
        for name, expected in queues.items():
            found = self.module["aws_sqs_queue", snake(name)]
            self.assertEqual(expected["VisibilityTimeout"], found["visibility_timeout_seconds"])
            self.assertEqual(expected["MessageRetentionPeriod"], found["message_retention_seconds"])
            self.assertEqual(expected["SqsManagedSseEnabled"], found["sqs_managed_sse_enabled"])
            redrive = expected.get("RedrivePolicy")
            self.assertEqual(redrive is not None, "redrive_policy" in found)
            if redrive:
                self.assertIn(f"maxReceiveCount = {redrive['maxReceiveCount']}}}", found["redrive_policy"])
                self.assertIn("aws_sqs_queue.dead_letters.arn", found["redrive_policy"])

    def test_the_table_and_the_bucket_are_the_same(self):
        expected, found = self.properties("Table"), self.module["aws_dynamodb_table", "table"]
        keys = [key["AttributeName"] for key in expected["KeySchema"]]
        self.assertEqual(keys, [found["hash_key"], found["range_key"]])
        attributes = {(entry["AttributeName"], entry["AttributeType"]) for entry in expected["AttributeDefinitions"]}
        self.assertEqual(attributes, {(entry["name"], entry["type"]) for entry in found["attribute"]})
        [index], [other] = expected["GlobalSecondaryIndexes"], found["global_secondary_index"]
        keys = [key["AttributeName"] for key in index["KeySchema"]]
        self.assertEqual([index["IndexName"], *keys], [other["name"], other["hash_key"], other["range_key"]])
        self.assertEqual(index["Projection"]["ProjectionType"], other["projection_type"])
        self.assertEqual(expected["BillingMode"], found["billing_mode"])
        self.assertEqual(expected["TimeToLiveSpecification"]["AttributeName"], found["ttl"][0]["attribute_name"])
        self.assertTrue(found["point_in_time_recovery"][0]["enabled"] and found["server_side_encryption"][0]["enabled"])
        rules = self.properties("Bucket")["LifecycleConfiguration"]["Rules"]
        others = self.module["aws_s3_bucket_lifecycle_configuration", "bucket"]["rule"]
        self.assertEqual([rule["Id"] for rule in rules], [rule["id"] for rule in others])
        self.assertEqual(rules[0]["Prefix"], others[0]["filter"][0]["prefix"])
        self.assertEqual(of_cloudformation(rules[0]["ExpirationInDays"]), of_terraform(others[0]["expiration"][0]["days"]))
        closed = self.module["aws_s3_bucket_public_access_block", "bucket"]
        for name, value in self.properties("Bucket")["PublicAccessBlockConfiguration"].items():
            self.assertEqual(value, closed[snake(name)])

    def test_step_is_invoked_by_the_same(self):
        events = self.properties("Step")["Events"]
        queues = {name: event["Properties"] for name, event in events.items() if event["Type"] == "SQS"}
        for name, expected in queues.items():
            found = self.module["aws_lambda_event_source_mapping", snake(name)]
            self.assertEqual(expected["BatchSize"], found["batch_size"])
            self.assertEqual(expected["FunctionResponseTypes"], found["function_response_types"])
            most = of_cloudformation(expected["ScalingConfig"]["MaximumConcurrency"])
            self.assertEqual(most, of_terraform(found["scaling_config"][0]["maximum_concurrency"]))
            self.assertEqual(of_cloudformation(expected["Queue"]), of_terraform(found["event_source_arn"]))
        schedules = {name: event["Properties"] for name, event in events.items() if event["Type"] == "ScheduleV2"}
        for name, expected in schedules.items():
            found = self.module["aws_scheduler_schedule", snake(name)]
            self.assertEqual(expected["ScheduleExpression"], found["schedule_expression"])
            self.assertEqual("Input" in expected, "input" in found["target"][0])
        mapped = {n for t, n in self.module if t in ("aws_lambda_event_source_mapping", "aws_scheduler_schedule")}
        self.assertEqual({snake(name) for name in events}, mapped)

    def test_every_route_that_is_always_there_asks_for_a_signature(self):
        routes = self.of_type("AWS::ApiGatewayV2::Route")
        expected = {
            (route["RouteKey"], route["AuthorizationType"], "Condition" in self.template["Resources"][name])
            for name, route in routes.items()
        }
        found = {name: block for (type_, name), block in self.module.items() if type_ == "aws_apigatewayv2_route"}
        found = {(route["route_key"], route["authorization_type"], "count" in route) for route in found.values()}
        self.assertEqual(expected, found)
        self.assertEqual({kind for _, kind, is_optional in expected if not is_optional}, {"AWS_IAM"})
        url = self.module["aws_lambda_function_url", "api"]
        self.assertEqual(self.properties("ApiUrl")["AuthType"], url["authorization_type"])
        limits = self.properties("KeysStage")["DefaultRouteSettings"]
        [others] = self.module["aws_apigatewayv2_stage", "keys"]["default_route_settings"]
        self.assertEqual({snake(name): value for name, value in limits.items()}, others)
        [expected] = self.properties("KeysPolicy")["PolicyDocument"]["Statement"]
        [found] = self.documents["keys"]["statement"]
        self.assertEqual(listed(expected["Action"]), found["actions"])

    def test_alarms_watch_what_there_is(self):
        alarms = template("infra/alarms.yaml")["Resources"]
        said = (REPOSITORY / "shared" / "lambda" / "src").rglob("*.rs")
        said = set(re.findall(r'"([A-Z][A-Za-z]+)"', "".join(path.read_text() for path in said)))
        order = [str(of_cloudformation(part)) for part in self.template["Outputs"]["Names"]["Value"]["Fn::Join"][1]]
        places = {"Queue": 0, "DeadLetters": 2, "Step": 6}
        for name, place in places.items():
            self.assertIn(order[place], (name, f"{name}.QueueName"))
        watched = set()
        for name, alarm in alarms.items():
            if alarm["Type"] != "AWS::CloudWatch::Alarm":
                continue
            properties = alarm["Properties"]
            watched.add(properties["MetricName"])
            self.assertIn(properties["Namespace"], ("Segno", "AWS/SQS", "AWS/Lambda"))
            if properties["Namespace"] == "Segno":
                self.assertIn(properties["MetricName"], said, name)
            else:
                [dimension] = properties["Dimensions"]
                self.assertIn(dimension["Value"]["Fn::Select"][0], places.values(), name)
        for metric in ("DeadLetters", "Errors", "Throttles", "ApproximateAgeOfOldestMessage", "AttemptsLost", "WakesOverdue"):
            self.assertIn(metric, watched)
        body, _ = alarms["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        metrics = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"]["metrics"]]
        own = [metric[1] for metric in metrics if metric[0] == "Segno"]
        for metric in metrics:
            if isinstance(metric[0], dict):
                own += re.findall(r'MetricName="(\w+)"', metric[0]["expression"])
        self.assertGreater(len(own), 6)
        self.assertEqual(set(own) - said, set())


if __name__ == "__main__":
    unittest.main()
