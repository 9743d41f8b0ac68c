"""Definitions that are valid, and some that go deep."""

import json


def chain(**states):
    names = list(states)
    for name, following in zip(names, names[1:]):
        if states[name]["Type"] != "Choice":
            states[name].setdefault("Next", following)
    if states[names[-1]]["Type"] not in ("Succeed", "Fail", "Choice"):
        states[names[-1]]["End"] = True
    return {"StartAt": names[0], "States": states}


def passes():
    return chain(Pass={"Type": "Pass"})


def waits():
    return chain(Wait={"Type": "Wait", "Seconds": 3600})


def fails():
    return chain(Fail={"Type": "Fail", "Error": "Broken", "Cause": "as planned"})


def works(activity):
    return chain(Work={"Type": "Task", "Resource": activity, "HeartbeatSeconds": 3600})


def valid(rng):
    """A valid definition of either type that ends at once."""
    rule = {"Variable": "$.n", "IsPresent": True, "Next": "There"}
    double = {"Type": "Pass", "Output": "{% $states.input %}", "End": True}
    inner, other = chain(Inner={"Type": "Pass"}), chain(Other={"Type": "Pass"})
    makers = [
        passes,
        fails,
        lambda: chain(Done={"Type": "Succeed"}),
        lambda: chain(Wait={"Type": "Wait", "Seconds": 0}, Done={"Type": "Succeed"}),
        lambda: chain(Pass={"Type": "Pass", "Parameters": {"x.$": "$", "y": [1, None]}}),
        lambda: chain(Hash={"Type": "Pass", "Parameters": {"h.$": "States.Hash('a','MD5')"}}),
        lambda: chain(
            Any={"Type": "Choice", "Choices": [rule], "Default": "There"}, There={"Type": "Succeed"}
        ),
        lambda: chain(Both={"Type": "Parallel", "Branches": [inner, other]}),
        lambda: chain(Each={"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner}),
        lambda: {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": double}},
        lambda: chain(Set={"Type": "Pass", "Assign": {"x": 1}}, Use={"Type": "Pass"}),
    ]
    definition = rng.choice(makers)()
    if rng.random() < 0.3:
        definition["Comment"] = "".join(rng.choices('aß漢😀 "\\\n', k=rng.randint(0, 40)))
    return json.dumps(definition, ensure_ascii=rng.random() < 0.5)


def state(rng):
    """A single state that needs no mock and ends at once."""
    return json.dumps(
        rng.choice(
            [
                {"Type": "Pass", "End": True},
                {"Type": "Pass", "Result": {"a": [1, 2.5, None]}, "Next": "Elsewhere"},
                {"Type": "Succeed"},
                {"Type": "Fail", "Error": "E", "Cause": "C"},
                # Not seconds: with a character more they may be many.
                {"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": True},
                {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + 1 %}", "End": True},
            ]
        )
    )


def deep(rng):
    """A definition of which one thing is nested as deep as the size of a definition allows."""
    depth = rng.choice([20, 200, 2_000, 20_000])
    shapes = [
        lambda: _nested_choice("Not", depth),
        lambda: _nested_states(min(depth, 5_000)),
        lambda: _pass({"x.$": "States.Array(" * depth + "1" + ")" * depth}),
        lambda: _pass({"x.$": "$" + "[0]" * depth}),
        lambda: _pass({"x.$": "$[?(" + "(" * depth + "@.a" + ")" * depth + ")]"}),
        lambda: _pass({"x.$": "$[?(" + "!" * depth + "@.a)]"}),
        lambda: _pass({"x.$": "$" + "[?(@" * depth + ")]" * depth}),
        lambda: _pass({"x.$": "$" + ".." * depth}),
        lambda: _jsonata("(" * depth + "1" + ")" * depth),
        lambda: _jsonata("[" * depth + "]" * depth),
        lambda: _jsonata("-" * depth + "1"),
        lambda: _jsonata("1" + "+1" * depth),
        lambda: _jsonata("a" + ".a" * depth),
        lambda: _jsonata("function($x){" * depth + "1" + "}" * depth),
        lambda: _jsonata("true ? " * depth + "1"),
        lambda: _raw_result("[" * depth + "]" * depth),
        lambda: _raw_result('{"a":' * depth + "1" + "}" * depth),
    ]
    return rng.choice(shapes)()[:1_048_576]


def _pass(parameters):
    return json.dumps(chain(Deep={"Type": "Pass", "Parameters": parameters}))


def _jsonata(expression):
    deep = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": f"{{% {expression} %}}"}
    return json.dumps(chain(Deep=deep))


def _raw_result(text):
    return '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":%s,"End":true}}}' % text


def _nested_choice(operator, depth):
    rule = '{"Variable":"$.a","IsPresent":true}'
    rule = f'{{"{operator}":' * depth + rule + "}" * depth
    rule = rule[:-1] + ',"Next":"B"}'
    states = '"A":{"Type":"Choice","Choices":[%s]},"B":{"Type":"Succeed"}' % rule
    return '{"StartAt":"A","States":{%s}}' % states


def _nested_states(depth):
    opening = "".join(
        f'{{"StartAt":"S{level}","States":{{"S{level}":{{"Type":"Parallel","End":true,"Branches":['
        for level in range(depth)
    )
    inner = '{"StartAt":"In","States":{"In":{"Type":"Pass","End":true}}}'
    return opening + inner + "]}}}" * depth
