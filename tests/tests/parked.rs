//! Parked calls: a legacy child asks, and its modern client answers by trying again. What may not resume a call is
//! refused with an error that says why, and nothing is left behind.

use std::time::Duration;

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::crosstalk::parking::{Park, answered, answers, keys, principal};
use mcp_compose_tests::crosstalk::{Asking, Scene};
use mcp_compose_tests::patiently;
use mcp_compose_tests::raw::Raw;
use mcp_compose_tests::system::{eventually, processes_with, resident_kib};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// The children that can be interrupted: a process for each that is asked, and a session for each.
const LEGACY: [Asking; 2] = [Asking::Pipe, Asking::Http];
const INVALID_PARAMS: i64 = -32602;
const CHILD_FAILED: i64 = -32000;

async fn bed(settings: &Value) -> (Scene, Aggregator) {
    let scene = Scene::new(&LEGACY).await;
    let aggregator = Aggregator::http(&scene.config(&LEGACY, settings)).await;
    (scene, aggregator)
}

/// Checks that a state was refused, and that the error says that it is the state.
fn refused(outcome: Result<Value, Value>, what: &str) {
    let error = match outcome {
        Err(error) => error,
        Ok(result) => panic!("{what}: {result}"),
    };
    assert_eq!(error["code"], INVALID_PARAMS, "{what}: {error}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("requestState"), "{what}: {error}");
}

#[tokio::test]
async fn a_call_goes_on_with_the_answers_round_by_round() {
    let (_scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let name = child.name();
        let groups: [&[&str]; 3] = [&["form"], &["sampling", "roots", "form"], &["roots"]];
        let park = Park::new(child, &format!("rounds-{name}"), &groups);
        let mut asked = park.begin(&client).await;
        let mut said = Vec::new();
        for (round, group) in groups.iter().enumerate() {
            assert_eq!(keys(&asked).len(), group.len(), "round {round}: {asked}");
            for (_, question) in asked["inputRequests"].as_object().expect("questions") {
                assert_eq!(
                    question["params"]["_meta"]["mcpCompose/child"], name,
                    "{question}"
                );
            }
            let mut responses = answers(&asked, &format!("round{round}"));
            said.extend(keys(&asked).iter().map(|key| format!("round{round}-{key}")));
            responses["unheard-of"] = json!({ "action": "accept" });
            asked = park
                .resume(&client, &asked, &responses)
                .await
                .unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
        let mut got = answered(&asked);
        got.sort();
        said.sort();
        assert_eq!(got, said);
    }
}

#[tokio::test]
async fn an_answer_that_is_missing_is_asked_for_again() {
    let (_scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let park = Park::new(
            child,
            &format!("missing-{}", child.name()),
            &[&["form", "sampling"]],
        );
        let asked = park.begin(&client).await;
        let all = keys(&asked);
        let again = park
            .resume(&client, &asked, &json!({}))
            .await
            .expect("asked again");
        assert_eq!(keys(&again), all, "nothing was answered");

        let mut responses = answers(&again, "said");
        responses
            .as_object_mut()
            .expect("an object")
            .remove(&all[1]);
        let again = park
            .resume(&client, &again, &responses)
            .await
            .expect("asked again");
        assert_eq!(keys(&again), all[1..], "one was answered");
        let result = park.resume(&client, &again, &answers(&again, "said")).await;
        let wanted: Vec<_> = all.iter().map(|key| format!("said-{key}")).collect();
        assert_eq!(answered(&result.expect("the result")), wanted);
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_can_be_mended() {
    let (_scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let park = Park::new(child, &format!("shape-{}", child.name()), &[&["form"]]);
        let asked = park.begin(&client).await;
        let key = &keys(&asked)[0];
        for content in [json!({}), json!({ "marker": 7 }), json!("marker")] {
            let responses = json!({ key: { "action": "accept", "content": content } });
            let error = park
                .resume(&client, &asked, &responses)
                .await
                .expect_err("refused");
            assert_eq!(error["code"], INVALID_PARAMS, "{content}: {error}");
        }
        let result = park
            .resume(&client, &asked, &answers(&asked, "right"))
            .await;
        assert_eq!(
            answered(&result.expect("the result")),
            [format!("right-{key}")]
        );
    }
}

#[tokio::test]
async fn a_state_that_was_tampered_with_is_refused() {
    let (scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let call = format!("tampered-{}", child.name());
        let park = Park::new(child, &call, &[&["form"]]);
        let asked = park.begin(&client).await;
        let state = asked["requestState"].as_str().expect("a state").to_owned();
        let responses = answers(&asked, "forged");
        let mut forgeries = vec![
            String::new(),
            "x".to_owned(),
            format!("{state}A"),
            state[1..].to_owned(),
            state.chars().rev().collect(),
            "A".repeat(2 * 1024 * 1024),
        ];
        for at in (0..state.len()).step_by(state.len() / 16) {
            let other = if &state[at..=at] == "A" { "B" } else { "A" };
            forgeries.push(format!("{}{other}{}", &state[..at], &state[at + 1..]));
        }
        for forged in forgeries {
            let forged = json!({ "requestState": forged });
            refused(
                park.resume(&client, &forged, &responses).await,
                "a forged state",
            );
        }
        let result = park.resume(&client, &asked, &answers(&asked, "true")).await;
        let result = answered(&result.expect("the right state is still good"));
        assert!(result[0].starts_with("true-"), "{result:?}");
        assert_eq!(scene.questions(&call), 1, "a refused state makes no call");
    }
}

#[tokio::test]
async fn a_state_is_good_for_its_request_and_its_principal_only() {
    let (scene, aggregator) = bed(&json!({})).await;
    let alice = principal(&aggregator, "alice").await;
    let bob = principal(&aggregator, "bob").await;
    let nobody = principal(&aggregator, "").await;
    for (child, other) in [(Asking::Pipe, "http_ask"), (Asking::Http, "pipe_ask")] {
        let call = format!("bound-{}", child.name());
        let park = Park::new(child, &call, &[&["form"]]);
        let asked = park.begin(&alice).await;
        let stolen = answers(&asked, "stolen");
        refused(
            park.resume(&bob, &asked, &stolen).await,
            "another principal",
        );
        refused(park.resume(&nobody, &asked, &stolen).await, "no principal");
        let elsewhere = [
            (
                "other arguments",
                park.clone().with("nonce", &json!("other")),
            ),
            ("one more argument", park.clone().with("more", &json!(1))),
            (
                "another tool",
                park.clone().of(&format!("{}_echo", child.name())),
            ),
            ("another child", park.clone().of(other)),
        ];
        for (what, park) in elsewhere {
            refused(park.resume(&alice, &asked, &stolen).await, what);
        }
        let result = park.resume(&alice, &asked, &answers(&asked, "own")).await;
        let result = answered(&result.expect("the right request is still good"));
        assert!(result[0].starts_with("own-"), "{result:?}");
        assert_eq!(scene.questions(&call), 1, "a refused state makes no call");
    }
}

#[tokio::test]
async fn an_identical_retry_has_the_same_outcome() {
    let (scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let call = format!("twice-{}", child.name());
        let park = Park::new(child, &call, &[&["form"], &["roots"]]);
        let first = park.begin(&client).await;
        let responses = answers(&first, "one");
        let second = park
            .resume(&client, &first, &responses)
            .await
            .expect("the second round");
        let again = park
            .resume(&client, &first, &responses)
            .await
            .expect("the second round");
        assert_eq!(second["inputRequests"], again["inputRequests"]);

        let responses = answers(&second, "two");
        let mut retries = Vec::new();
        for state in [&second, &again, &second, &again] {
            retries.push(park.start(&client, state, &responses).await);
        }
        let mut results = Vec::new();
        for retry in &retries {
            results.push(answered(&retry.answer().await.value["result"]));
        }
        // Once more, when all is over.
        let late = park
            .resume(&client, &second, &responses)
            .await
            .expect("the result");
        results.push(answered(&late));
        for result in &results {
            assert_eq!(result, &results[0]);
        }
        assert_eq!(scene.questions(&call), 2, "the call was made once");
    }
}

#[tokio::test]
async fn another_answer_to_a_question_that_is_answered_is_refused() {
    let (scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let call = format!("changed-{}", child.name());
        let park = Park::new(child, &call, &[&["form"], &["form"]]);
        let first = park.begin(&client).await;
        let second = park.resume(&client, &first, &answers(&first, "one")).await;
        let second = second.expect("the second round");
        let other = answers(&first, "another");
        refused(park.resume(&client, &first, &other).await, "in the middle");
        let result = park
            .resume(&client, &second, &answers(&second, "two"))
            .await;
        let result = answered(&result.expect("the result"));
        refused(
            park.resume(&client, &first, &other).await,
            "the first, at the end",
        );
        let other = answers(&second, "another");
        refused(
            park.resume(&client, &second, &other).await,
            "the second, at the end",
        );
        assert!(
            result[0].starts_with("one-") && result[1].starts_with("two-"),
            "{result:?}"
        );
        assert_eq!(scene.questions(&call), 2, "the call was made once");
    }
}

#[tokio::test]
async fn a_call_that_nobody_comes_back_for_expires() {
    let settings = json!({ "questionTimeout": 1, "idleAfter": 1 });
    let (scene, aggregator) = bed(&settings).await;
    let client = principal(&aggregator, "alice").await;
    let baseline = processes_with(&scene.mark());
    for child in LEGACY {
        let call = format!("expired-{}", child.name());
        let park = Park::new(child, &call, &[&["form"]]);
        let asked = park.begin(&client).await;
        scene
            .outcome(&call, 1)
            .await
            .expect_err("the child is told");
        let late = answers(&asked, "late");
        refused(
            park.resume(&client, &asked, &late).await,
            "an expired state",
        );
    }
    back_to(&scene, &baseline).await;
}

/// Waits until no more processes of the scene run than at the beginning.
async fn back_to(scene: &Scene, baseline: &[u32]) {
    eventually("the sessions that were asked to end", || {
        processes_with(&scene.mark()).len() <= baseline.len()
    })
    .await;
}

#[tokio::test]
async fn a_child_that_dies_is_named_to_whoever_comes_back() {
    let (scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let call = format!("died-{}", child.name());
        let park = Park::new(child, &call, &[&["form"]]);
        let asked = park.begin(&client).await;
        kill(Pid::from_raw(scene.asker(&call)), Signal::SIGKILL).expect("it runs");
        let outcome = park.resume(&client, &asked, &answers(&asked, "late")).await;
        let error = outcome.expect_err("there is nobody to answer");
        assert_eq!(error["code"], CHILD_FAILED, "{error}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            message.contains(&format!("\"{}\"", child.name())),
            "{error}"
        );
        if child == Asking::Pipe {
            // The next call starts it again.
            let park = Park::new(child, &format!("{call}-again"), &[&["form"]]);
            let asked = park.begin(&client).await;
            let result = park.resume(&client, &asked, &answers(&asked, "new")).await;
            assert_eq!(answered(&result.expect("the result")).len(), 1);
        }
    }
}

#[tokio::test]
async fn an_aggregator_that_was_restarted_knows_no_state() {
    let scene = Scene::new(&LEGACY).await;
    let config = scene.config(&LEGACY, &json!({}));
    let mut asked = Vec::new();
    let aggregator = Aggregator::http(&config).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let park = Park::new(child, &format!("restarted-{}", child.name()), &[&["form"]]);
        asked.push((park.begin(&client).await, park));
    }
    aggregator.process.stop().await;
    back_to(&scene, &[]).await;
    for child in LEGACY {
        let outcome = scene
            .outcome(&format!("restarted-{}", child.name()), 1)
            .await;
        outcome.expect_err("nobody has answered");
    }

    let aggregator = Aggregator::http(&config).await;
    let client = principal(&aggregator, "alice").await;
    for (asked, park) in &asked {
        let late = answers(asked, "late");
        refused(
            park.resume(&client, asked, &late).await,
            "a state of another process",
        );
    }
}

#[tokio::test]
async fn more_calls_than_may_be_parked_are_told_so() {
    let (_scene, aggregator) = bed(&json!({ "maxParked": 2 })).await;
    let alice = principal(&aggregator, "alice").await;
    let bob = principal(&aggregator, "bob").await;
    for child in LEGACY {
        let park = |number: u32| {
            Park::new(
                child,
                &format!("many-{}-{number}", child.name()),
                &[&["form"]],
            )
        };
        let first = park(1).begin(&alice).await;
        let second = park(2).begin(&bob).await;
        let outcome = alice.try_request("tools/call", park(3).params()).await;
        let error = outcome.expect_err("two wait already");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("too many calls wait"), "{error}");

        let result = park(1)
            .resume(&alice, &first, &answers(&first, "one"))
            .await;
        answered(&result.expect("those that wait go on"));
        let third = park(4).begin(&alice).await;
        for (client, number, asked) in [(&bob, 2, second), (&alice, 4, third)] {
            let result = park(number)
                .resume(client, &asked, &answers(&asked, "on"))
                .await;
            answered(&result.expect("those that wait go on"));
        }
    }
}

/// Calls that may be parked for one principal.
const OF_ONE_PRINCIPAL: usize = 256;

#[tokio::test]
async fn one_principal_cannot_park_so_much_that_others_cannot() {
    let (_scene, aggregator) = bed(&json!({ "maxParked": 400, "maxInstances": 400 })).await;
    let alice = principal(&aggregator, "alice").await;
    let bob = principal(&aggregator, "bob").await;
    let park = |number: usize| Park::new(Asking::Http, &format!("flood-{number}"), &[&["form"]]);
    let (mut parked, mut told) = (0, 0);
    for batch in 0..=OF_ONE_PRINCIPAL / 32 {
        let mut started = Vec::new();
        for number in 0..32 {
            let params = park(batch * 32 + number).params();
            started.push(alice.start("tools/call", params).await);
        }
        for call in started {
            let answer = call.answer().await.value;
            match answer["error"]["message"].as_str() {
                None => parked += usize::from(!keys(&answer["result"]).is_empty()),
                Some(message) => {
                    assert!(message.contains("too many calls wait"), "{answer}");
                    told += 1;
                }
            }
        }
    }
    assert_eq!((parked, told), (OF_ONE_PRINCIPAL, 32));
    let asked = park(1000).begin(&bob).await;
    let result = park(1000)
        .resume(&bob, &asked, &answers(&asked, "bob"))
        .await;
    answered(&result.expect("another principal has room"));
}

#[tokio::test]
async fn progress_while_nobody_waits_is_told_to_whoever_comes_back() {
    let (scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for child in LEGACY {
        let name = child.name();
        let call = format!("progress-{name}");
        let park = Park::new(child, &call, &[&["form"], &["form"]])
            .with("progress", &json!(2))
            .with("progress_asked", &json!(3))
            .with("progress_asked_ms", &json!(200));
        let with_token = |mut params: Value, token: &str| {
            params["_meta"] = json!({ "progressToken": format!("{name}-{token}") });
            params
        };
        let first = client
            .request("tools/call", with_token(park.params(), "first"))
            .await;
        scene.noted(&call, "reported 5").await;
        let retry = park.retry(&first, &answers(&first, "one"));
        let second = client
            .request("tools/call", with_token(retry, "second"))
            .await;
        scene.noted(&call, "reported 10").await;
        let retry = park.retry(&second, &answers(&second, "two"));
        let result = client
            .request("tools/call", with_token(retry, "third"))
            .await;
        assert_eq!(answered(&result).len(), 2);

        // Each round is two reports, the question, and three more when nobody waits any longer.
        let told: Vec<_> = ["first", "second", "third"]
            .iter()
            .map(|token| progress(&client, &format!("{name}-{token}")))
            .collect();
        assert_eq!(told[0], [1, 2], "{told:?}");
        assert_eq!(told[1].last(), Some(&7), "{told:?}");
        assert_eq!(
            told[2],
            [10],
            "nothing was reported after the last answer: {told:?}"
        );
        let all = told.concat();
        assert!(all.is_sorted(), "{told:?}");
        assert_eq!(scene.questions(&call), 2);
    }
}

/// The values of the reports of progress with this token.
fn progress(client: &Raw, token: &str) -> Vec<u64> {
    let received = client.received();
    let reports = received.iter().filter(|message| {
        message.method() == Some("notifications/progress")
            && message.value["params"]["progressToken"] == token
    });
    reports
        .map(|report| {
            report.value["params"]["progress"]
                .as_f64()
                .expect("a number")
        })
        .map(|value| value as u64)
        .collect()
}

#[tokio::test]
async fn who_hangs_up_before_the_first_question_cancels() {
    let settings = json!({ "idleAfter": 1 });
    let (scene, aggregator) = bed(&settings).await;
    let client = principal(&aggregator, "alice").await;
    let baseline = processes_with(&scene.mark());
    for child in LEGACY {
        let call = format!("gone-{}", child.name());
        let park = Park::new(child, &call, &[&["form"]])
            .with("progress", &json!(1))
            .with("pause_ms", &json!(60_000));
        let mut params = park.params();
        params["_meta"] = json!({ "progressToken": call });
        let started = client.start("tools/call", params).await;
        // The child is at work.
        client
            .notification("notifications/progress", |params| {
                params["progressToken"] == call
            })
            .await;
        client.cancel(&started).await;
        scene.noted(&call, "was cancelled").await;
    }
    back_to(&scene, &baseline).await;
}

/// What 200 calls may leave behind in the memory of the aggregator, in KiB; one alone takes about as much as that.
const LEFT_KIB: u64 = 24 * 1024;

#[tokio::test]
async fn calls_that_expire_leave_nothing_behind() {
    let settings = json!({ "questionTimeout": 1, "idleAfter": 1, "maxInstances": 64 });
    let (scene, aggregator) = bed(&settings).await;
    let client = principal(&aggregator, "alice").await;
    let baseline = processes_with(&scene.mark());
    let expire = async |child: Asking, batch: usize, calls: usize| {
        let names: Vec<_> = (0..calls)
            .map(|number| format!("left-{}-{batch}-{number}", child.name()))
            .collect();
        let mut started = Vec::new();
        for name in &names {
            let park =
                Park::new(child, name, &[&["form"]]).with("ballast", &json!("x".repeat(10_000)));
            started.push(client.start("tools/call", park.params()).await);
        }
        for call in &started {
            keys(&call.answer().await.value["result"]);
        }
        for name in &names {
            scene.outcome(name, 1).await.expect_err("nobody comes back");
        }
    };
    // What is only needed once is there after the first.
    expire(Asking::Http, 0, 40).await;
    expire(Asking::Pipe, 0, 4).await;
    back_to(&scene, &baseline).await;
    let before = resident_kib(aggregator.process.pid());
    for batch in 1..=5 {
        expire(Asking::Http, batch, 40).await;
    }
    expire(Asking::Pipe, 1, 8).await;
    back_to(&scene, &baseline).await;
    eventually("memory to be back", || {
        resident_kib(aggregator.process.pid()) < before + LEFT_KIB
    })
    .await;
    // It is as good as at the beginning.
    let park = Park::new(Asking::Pipe, "left-last", &[&["form"]]);
    let asked = patiently("a call after all that", park.begin(&client)).await;
    answered(
        &park
            .resume(&client, &asked, &answers(&asked, "last"))
            .await
            .expect("the result"),
    );
}

#[tokio::test]
async fn an_aggregator_that_ends_leaves_no_child_behind() {
    let (scene, aggregator) = bed(&json!({})).await;
    let client = principal(&aggregator, "alice").await;
    for number in 0..3 {
        Park::new(Asking::Pipe, &format!("ends-{number}"), &[&["form"]])
            .begin(&client)
            .await;
    }
    assert!(processes_with(&scene.mark()).len() > 2);
    let stopped = tokio::time::timeout(Duration::from_secs(20), aggregator.process.stop());
    stopped.await.expect("it ends although calls are parked");
    eventually("its children to end", || {
        processes_with(&scene.mark()).is_empty()
    })
    .await;
}
