//! `segno dev` as a developer's tool: what it says, what it finds, what it reloads, how it ends.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod local;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

use self::local::{Folder, PATIENCE, Server, command, output};

const MACHINE: &str = "arn:aws:states:eu-central-1:123456789012:stateMachine";

fn greeting(word: &str) -> String {
    let state = json!({ "Type": "Pass", "Result": word, "End": true });
    json!({ "StartAt": "Greet", "States": { "Greet": state } }).to_string()
}

fn task(function: &str) -> Value {
    let resource = format!("arn:aws:lambda:eu-central-1:123456789012:function:{function}");
    json!({ "StartAt": "Work", "States": {
        "Work": { "Type": "Task", "Resource": resource, "End": true } } })
}

fn output_of(ended: &Value) -> Value {
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    serde_json::from_str(ended["output"].as_str().unwrap()).unwrap()
}

#[test]
fn it_says_what_it_is_and_what_it_found() {
    let folder = Folder::with(
        "banner",
        &[
            ("greet.asl.json", &greeting("hello")),
            (
                "deep/wave.asl.yaml",
                "StartAt: A\nStates: { A: { Type: Succeed } }\n",
            ),
            (
                "broken.asl.json",
                "{ \"StartAt\": \"A\", \"States\": {\n \"B\": { \"Type\": \"Succeed\" } } }",
            ),
            ("node_modules/x/other.asl.json", &greeting("no")),
        ],
    );
    let server = Server::start_in(&folder.0, &["--lambda", "charge=cmd:cat"]);
    let said = server.hears("Missing 'Next' target: A");
    for line in [
        "  Store        memory: lost when the server stops\n",
        "  Mode         strict: the limits and errors of AWS\n",
        "  Account      123456789012 in eu-central-1\n",
        "  Definitions  2 watched: wave, greet; 2 problems, see below\n",
        "  Tasks        charge=cmd:cat\n",
        " --> broken.asl.json:1:14\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let get = |path: &str| reqwest::blocking::get(format!("{}{path}", server.url)).unwrap();
    let health: Value = serde_json::from_str(&get("/health").text().unwrap()).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["pid"], server.pid());
    assert_eq!(get("/ready").text().unwrap(), "ready\n");
}

#[test]
fn what_it_found_can_be_started() {
    let folder = Folder::with("found", &[("greet.asl.json", &greeting("hello"))]);
    let server = Server::start_in(&folder.0, &[]);
    let ended = server.run(&format!("{MACHINE}:greet"), "one", "{}");
    assert_eq!(output_of(&ended), "hello");
    let described = server.ok(
        "DescribeStateMachine",
        json!({ "stateMachineArn": format!("{MACHINE}:greet") }),
    );
    assert_eq!(described["definition"], greeting("hello"), "byte for byte");
}

#[test]
fn a_file_that_is_written_is_loaded_again() {
    let folder = Folder::with("reload", &[("greet.asl.json", &greeting("one"))]);
    let server = Server::start_in(&folder.0, &[]);
    let greet = format!("{MACHINE}:greet");
    let first = server.run(&greet, "one", "{}");

    folder.write("greet.asl.json", &greeting("two"));
    server.hears("greet is updated (greet.asl.json)");
    assert_eq!(output_of(&server.run(&greet, "two", "{}")), "two");

    folder.replace("greet.asl.json", &greeting("three"));
    let begun = Instant::now();
    while server.said().matches("greet is updated").count() < 2 {
        assert!(begun.elapsed() < PATIENCE, "{}", server.said());
    }
    assert_eq!(output_of(&server.run(&greet, "three", "{}")), "three");

    let kept = server.ok(
        "DescribeStateMachineForExecution",
        json!({ "executionArn": first["executionArn"] }),
    );
    assert_eq!(
        kept["definition"],
        greeting("one"),
        "an execution keeps its definition"
    );
}

#[test]
fn a_broken_file_leaves_the_state_machine_as_it_was() {
    let folder = Folder::with("broken", &[("greet.asl.json", &greeting("one"))]);
    let server = Server::start_in(&folder.0, &[]);
    folder.write("greet.asl.json", &greeting("one").replace("Pass", "Pas"));
    let said = server.hears("greet stays as it was");
    assert!(said.contains(" --> greet.asl.json:1:"), "{said}");
    let ended = server.run(&format!("{MACHINE}:greet"), "one", "{}");
    assert_eq!(output_of(&ended), "one");
    folder.write("greet.asl.json", &greeting("one"));
    server.hears("greet is valid again (greet.asl.json)");
}

#[test]
fn new_files_are_found_and_lost_ones_are_told() {
    let folder = Folder::with("new", &[("deep/.keep", "")]);
    let server = Server::start_in(&folder.0, &[]);
    folder.write("deep/greet.asl.json", &greeting("late"));
    server.hears("greet is there (deep/greet.asl.json)");
    std::fs::remove_file(folder.0.join("deep/greet.asl.json")).unwrap();
    server.hears("greet is in no file any more");
    let ended = server.run(&format!("{MACHINE}:greet"), "one", "{}");
    assert_eq!(output_of(&ended), "late");
}

const TEMPLATE: &str = "\
Parameters:
  Stage: { Type: String, Default: dev }
Resources:
  Double:
    Type: AWS::Serverless::Function
    Properties: { FunctionName: !Sub 'double-${Stage}' }
  Order:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: !Sub order-${Stage}
      DefinitionUri: machines/order.asl.json
      DefinitionSubstitutions:
        DoubleArn: !GetAtt Double.Arn
        Seconds: 0
";

const ORDER: &str = r#"{
  "StartAt": "Pause",
  "States": {
    "Pause": { "Type": "Wait", "Seconds": ${Seconds}, "Next": "Double" },
    "Double": { "Type": "Task", "Resource": "${DoubleArn}", "End": true }
  }
}"#;

#[test]
fn a_template_names_its_state_machines_and_fills_them_in() {
    let folder = Folder::with(
        "template",
        &[
            ("template.yaml", TEMPLATE),
            ("machines/order.asl.json", ORDER),
        ],
    );
    let targets = ["--lambda", "double-test=cmd:sed s/4/8/"];
    let server = Server::start_in(
        &folder.0,
        &[&targets[..], &["--substitute", "Stage=test"]].concat(),
    );
    assert!(
        server
            .said()
            .contains("Definitions  1 watched: order-test\n"),
        "{}",
        server.said()
    );
    let ended = server.run(&format!("{MACHINE}:order-test"), "one", "4");
    assert_eq!(output_of(&ended), 8);
    folder.write(
        "machines/order.asl.json",
        &ORDER
            .replace("Double", "Twice")
            .replace("TwiceArn", "DoubleArn"),
    );
    server.hears("order-test is updated (machines/order.asl.json)");
    folder.write(
        "template.yaml",
        &TEMPLATE.replace("        Seconds: 0\n", ""),
    );
    let said = server.hears("order-test stays as it was");
    assert!(said.contains("${Seconds} has no value"), "{said}");
}

#[test]
fn a_task_that_nothing_performs_is_shown_with_its_line() {
    let folder = Folder::with(
        "unperformed",
        &[("pay.asl.json", &task("charge").to_string())],
    );
    let server = Server::start_in(&folder.0, &[]);
    let said = server.hears("--lambda charge=cmd:./script");
    assert!(
        said.contains("Definitions  none valid; 1 problem, see below"),
        "{said}"
    );
    assert!(said.contains(" --> pay.asl.json:1:"), "{said}");
}

const MOCKS: &str = r#"{
  "StateMachines": { "pay": { "TestCases": {
    "Paid": { "Work": "Receipt" }, "Declined": { "Work": "NoMoney" } } } },
  "MockedResponses": {
    "Receipt": { "0": { "Return": { "receipt": 7 } } },
    "NoMoney": { "0": { "Throw": { "Error": "CardDeclined", "Cause": "no money" } } }
  }
}"#;

#[test]
fn a_test_case_is_chosen_with_the_arn_of_the_state_machine() {
    let pay = task("charge").to_string();
    let folder = Folder::with("mocks", &[("pay.asl.json", &pay), ("mock.json", MOCKS)]);
    let server = Server::start_in(&folder.0, &["--mock", "mock.json", "--case", "Declined"]);
    let paid = server.run(&format!("{MACHINE}:pay#Paid"), "one", "{}");
    assert_eq!(output_of(&paid), json!({ "receipt": 7 }));
    assert_eq!(paid["stateMachineArn"], format!("{MACHINE}:pay"));
    let declined = server.run(&format!("{MACHINE}:pay"), "two", "{}");
    assert_eq!(declined["error"], "CardDeclined", "the case of --case");
    let start = json!({ "stateMachineArn": format!("{MACHINE}:pay#Lost") });
    let (status, refused) = server.call("StartExecution", start);
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ValidationException"))
    );
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("no test case `Lost`, but `Declined`, `Paid`"),
        "{message}"
    );
}

#[test]
fn a_port_that_is_taken_is_refused_with_who_has_it() {
    let start = |port: u16| {
        let port = port.to_string();
        output(&mut command(&[
            "dev",
            "--ephemeral",
            "--no-discovery",
            "--port",
            &port,
        ]))
    };
    let server = Server::start(&[]);
    let (status, _, stderr) = start(server.port());
    assert_eq!(status, Some(2));
    let holder = format!("another segno (process {}, segno/", server.pid());
    assert!(stderr.contains(&holder), "{stderr}");
    assert!(stderr.contains("--port takes another"), "{stderr}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (status, _, stderr) = start(silent.local_addr().unwrap().port());
    assert_eq!(status, Some(2));
    assert!(stderr.contains("is taken by another program"), "{stderr}");
}

#[test]
fn ctrl_c_lets_what_is_being_done_be_finished() {
    let folder = Folder::with("first", &[]);
    let target = "slow=cmd:sh -c 'echo > begun; sleep 1; echo 7'";
    let mut server = Server::start_in(&folder.0, &["--lambda", target]);
    let slow = server.create("slow", &task("slow"));
    let wait = json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 600, "End": true } } });
    let wait = server.create("wait", &wait);
    server.begin(&wait, "two", "{}");
    server.begin(&slow, "one", "{}");
    server.hears("→ wait/two");
    let begun = Instant::now();
    while !folder.0.join("begun").exists() {
        assert!(begun.elapsed() < PATIENCE, "the command does not begin");
    }
    server.interrupt();
    let status = server.ended();
    let said = server.hears("not ended, and lost with the store in memory: wait/two\n");
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("✓ slow/one SUCCEEDED after "), "{said}");
}

#[test]
fn a_second_ctrl_c_ends_it_and_its_commands_at_once() {
    let folder = Folder::with("second", &[]);
    let target = "slow=cmd:sh -c 'echo $$ > pid; exec sleep 600'";
    let mut server = Server::start_in(&folder.0, &["--lambda", target]);
    let slow = server.create("slow", &task("slow"));
    server.begin(&slow, "one", "{}");
    let begun = Instant::now();
    let pid = loop {
        let pid = std::fs::read_to_string(folder.0.join("pid")).unwrap_or_default();
        if pid.ends_with('\n') {
            break pid.trim().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "{}", server.said());
    };
    server.interrupt();
    server.hears("finishing what is being done for slow/one; Ctrl-C again ends at once");
    server.interrupt();
    assert_eq!(server.ended().code(), Some(130));
    let mut is_alive = Command::new("kill");
    let is_alive = is_alive.args(["-0", &pid]).stderr(Stdio::null());
    while is_alive.status().unwrap().success() {
        assert!(begun.elapsed() < PATIENCE, "the command goes on");
    }
}

#[test]
fn what_has_not_ended_goes_on_after_a_kill() {
    let definition = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 2, "Next": "Greet" },
        "Greet": { "Type": "Pass", "Result": "hello", "End": true } } });
    let definition = definition.to_string();
    let folder = Folder::with("kept", &[("greet.asl.json", &definition)]);
    let server = Server::start_kept(&folder.0, &[]);
    assert!(
        server
            .said()
            .contains("  Store        .segno: what has not ended goes on after a restart\n"),
        "{}",
        server.said()
    );
    let execution = server.begin(&format!("{MACHINE}:greet"), "one", "{}");
    server.hears("→ greet/one");
    let second = output(command(&["dev", "--port", "0"]).current_dir(&folder.0));
    assert_eq!(second.0, Some(2));
    let refused = format!(".segno is in use by another process, {}", server.pid());
    assert!(second.2.contains(&refused), "{}", second.2);
    drop(server);
    let server = Server::start_kept(&folder.0, &[]);
    server.hears("going on with what has not ended: 1\n");
    assert_eq!(output_of(&server.end_of(&execution)), "hello");
}

#[test]
fn it_is_quiet_unless_asked() {
    let definition = serde_json::from_str(&greeting("hello")).unwrap();
    for (options, is_verbose) in [(&[][..], false), (&["-v"][..], true)] {
        let server = Server::start(options);
        let machine = server.create("greet", &definition);
        server.run(&machine, "one", "{}");
        let said = server.hears("✓ greet/one SUCCEEDED after ");
        assert_eq!(said.contains("✓ Greet (Pass)"), is_verbose, "{said}");
    }
}

/// Sends a request line and a host, and gives the status.
fn raw(server: &Server, target: &str, host: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn only_names_of_this_machine_and_those_that_are_given_are_let_in() {
    let server = Server::start(&["--host", "segno.test"]);
    for (target, host, status) in [
        ("/health", "sync-localhost", 200),
        ("/health", "segno.test:8083", 200),
        ("/health", "sync-segno.test", 200),
        ("/health", "other.test", 403),
        ("http://localhost/health", "localhost", 200),
        ("http://other.test/health", "localhost", 403),
        ("http://localhost/health", "other.test", 403),
    ] {
        assert_eq!(raw(&server, target, host), status, "{target} {host}");
    }
}

#[test]
fn in_open_mode_the_limits_of_aws_do_not_hold() {
    let definition = serde_json::from_str(&greeting("hello")).unwrap();
    let input = json!("x".repeat(300_000)).to_string();
    for (mode, status) in [("strict", 400), ("open", 200)] {
        let server = Server::start(&["--mode", mode]);
        let said = server.said();
        assert!(said.contains(&format!("  Mode         {mode}: ")), "{said}");
        let machine = server.create("greet", &definition);
        let start = json!({ "stateMachineArn": machine, "input": input });
        assert_eq!(server.call("StartExecution", start).0, status, "{mode}");
    }
}

#[test]
fn what_it_cannot_do_it_refuses() {
    for (options, words) in [
        (
            &["dev", "--ephemeral", "--account-id", "7"][..],
            "an account id has 12 digits",
        ),
        (
            &["dev", "--ephemeral", "--mock", "no/such.json"],
            "cannot read no/such.json",
        ),
        (
            &["dev", "--ephemeral", "--port", "0", "--case", "x"],
            "--mock",
        ),
    ] {
        let (status, _, stderr) = output(&mut command(options));
        assert_eq!(status, Some(2), "{options:?}: {stderr}");
        assert!(stderr.contains(words), "{options:?}: {stderr}");
    }
}
