//! The same trace through our machine, and through kube's watcher.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::DateTime;
use constable::ci;
use constable::cluster::decode::{self, Decoder, Wire};
use constable::cluster::feed::Scope;
use constable::cluster::feed::inflate::Inflate;
use constable::cluster::feed::machine::{Ask, Lists, Machine, Next};
use constable::cluster::feed::splitter::{Cut, LIMIT, Splitter};
use constable::model::{Batch, Delta, Kind, Model, Pod, RankRules};
use futures::StreamExt;
use http::{Request, Response};
use http_body_util::StreamBody;
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use kube::runtime::watcher;

use crate::trace::{Answer, LAST};

/// What came out of a trace.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The pods of the model, by name.
    pub(crate) pods: Vec<Pod>,
    /// Requests that were made.
    pub(crate) asked: Vec<String>,
    /// Errors that were told.
    pub(crate) errors: Vec<String>,
}

impl Outcome {
    pub(crate) fn names(&self) -> Vec<&str> {
        self.pods.iter().map(|p| &*p.meta.name).collect()
    }
}

fn model() -> Model {
    Model::new(RankRules::default())
}

fn apply(model: &mut Model, deltas: Vec<Delta>) {
    let batch = Batch {
        kind: Kind::Pod,
        deltas,
    };
    model.apply(DateTime::UNIX_EPOCH, batch, &ci::Reader);
}

fn pods(model: &Model) -> Vec<Pod> {
    let mut pods: Vec<Pod> = model.pods().cloned().collect();
    pods.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
    pods
}

/// How a body is cut into chunks, and whether it comes compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) wire: Wire,
    pub(crate) chunk: usize,
    pub(crate) gzip: bool,
}

/// Our machine, driven by hand: no client, no clock.
pub(crate) fn ours(way: Way, streaming: bool, answers: &[Answer]) -> Outcome {
    let lists = if streaming {
        Lists::Streamed
    } else {
        Lists::Pages
    };
    let mut machine = Machine::new(Kind::Pod, Scope::default(), lists);
    let mut model = model();
    let mut outcome = Outcome {
        pods: Vec::new(),
        asked: Vec::new(),
        errors: Vec::new(),
    };
    for answer in answers {
        let ask = machine.ask();
        assert!(machine.accept().contains("protobuf"));
        outcome.asked.push(ask.path().to_owned());
        let body = answer.body(way.wire);
        let mut deltas = Vec::new();
        if answer.status() != 200 {
            let error = decode::status(way.wire, &body);
            assert_eq!(error.code, answer.status());
            let refusal = machine.refused(&error);
            outcome.errors.push(format!("{refusal:?}"));
            continue;
        }
        match ask {
            Ask::List(_) => {
                let next = machine.page(way.wire, &body, &mut deltas);
                assert_eq!(next, Next::Again);
            }
            Ask::Watch(_) => {
                machine.opened(&mut deltas);
                let next = frames(way, &mut machine, &body, &mut deltas);
                if next != Next::Continue {
                    outcome.errors.push(format!("{next:?}"));
                }
                if !answer.stays() {
                    machine.ended();
                }
            }
        }
        for delta in &deltas {
            if let Delta::Unreadable { name, .. } = delta {
                outcome.errors.push(format!("unreadable {name}"));
            }
        }
        apply(&mut model, deltas);
    }
    outcome.pods = pods(&model);
    outcome
}

fn frames(way: Way, machine: &mut Machine, body: &[u8], deltas: &mut Vec<Delta>) -> Next {
    let mut splitter = Splitter::new(way.wire, LIMIT);
    let packed = if way.gzip {
        members(body)
    } else {
        body.to_vec()
    };
    let mut inflate = way.gzip.then(Inflate::new);
    for chunk in packed.chunks(way.chunk) {
        let mut chunk = chunk;
        loop {
            let mut part = match &mut inflate {
                None if chunk.is_empty() => break,
                None => std::mem::take(&mut chunk),
                Some(inflate) => match inflate.next(&mut chunk).unwrap() {
                    Some(part) => part,
                    None => break,
                },
            };
            while let Some(cut) = splitter.next(&mut part) {
                let Cut::Frame(frame) = cut else {
                    panic!("{cut:?}");
                };
                let next = machine.frame(way.wire, frame, deltas);
                if next != Next::Continue {
                    return next;
                }
            }
        }
    }
    Next::Continue
}

/// As an API server flushes: many members, not aligned with frames.
pub(crate) fn members(body: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = Vec::new();
    for part in body.chunks(301) {
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(part).unwrap();
        out.extend(member.finish().unwrap());
    }
    out
}

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn client(&self) -> Client {
        let script = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let script = script.clone();
            async move { Ok::<_, Infallible>(script.answer(&request)) }
        });
        Client::new(service, "default")
    }

    fn answer(
        &self,
        request: &Request<Body>,
    ) -> Response<StreamBody<impl futures::Stream<Item = Result<Frame<Bytes>, Infallible>> + use<>>>
    {
        self.asked.lock().unwrap().push(request.uri().to_string());
        let answer = self.answers.lock().unwrap().pop_front();
        // Who asks on after the end is told nothing.
        let answer = answer.unwrap_or(Answer::Stays(Vec::new()));
        let (status, stays) = (answer.status(), answer.stays());
        let chunks: Vec<_> = answer
            .body(Wire::Json)
            .chunks(50)
            .map(|c| Ok(Frame::data(Bytes::copy_from_slice(c))))
            .collect();
        let rest = futures::stream::pending().take_while(move |_| std::future::ready(stays));
        let rest = if stays {
            rest.left_stream()
        } else {
            futures::stream::empty().right_stream()
        };
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(StreamBody::new(futures::stream::iter(chunks).chain(rest)))
            .unwrap()
    }
}

/// kube's watcher over a client whose service is the script, up to the last event or so many errors.
pub(crate) async fn kubes(streaming: bool, answers: &[Answer], errors: usize) -> Outcome {
    let script = Script::default();
    script
        .answers
        .lock()
        .unwrap()
        .extend(answers.iter().cloned());
    let config = watcher::Config::default();
    let config = if streaming {
        config.streaming_lists()
    } else {
        config.page_size(500)
    };
    let api = kube::Api::<k8s_openapi::api::core::v1::Pod>::all(script.client());
    let mut events = Box::pin(watcher::watcher(api, config));
    let mut model = model();
    let mut outcome = Outcome {
        pods: Vec::new(),
        asked: Vec::new(),
        errors: Vec::new(),
    };
    let read = |pod: &k8s_openapi::api::core::v1::Pod| {
        let json = serde_json::to_vec(pod).unwrap();
        Decoder::new().object(Kind::Pod, &json).unwrap()
    };
    while let Some(event) = events.next().await {
        let mut seen_all = false;
        let delta = match event {
            Ok(watcher::Event::Init) => Delta::SyncStart,
            Ok(watcher::Event::InitDone) => Delta::SyncEnd,
            Ok(watcher::Event::InitApply(pod) | watcher::Event::Apply(pod)) => {
                seen_all = pod.metadata.name.as_deref() == Some(LAST);
                Delta::Upsert(read(&pod))
            }
            Ok(watcher::Event::Delete(pod)) => {
                let object = read(&pod);
                let meta = object.meta();
                Delta::Remove {
                    uid: meta.uid.clone(),
                    namespace: meta.namespace.clone(),
                    name: meta.name.clone(),
                }
            }
            Err(error) => {
                outcome.errors.push(error.to_string());
                if outcome.errors.len() >= errors {
                    break;
                }
                continue;
            }
        };
        apply(&mut model, vec![delta]);
        if seen_all {
            break;
        }
    }
    outcome.pods = pods(&model);
    outcome.asked = std::mem::take(&mut script.asked.lock().unwrap());
    outcome
}
