//! The floor: the console's own requests in protobuf, cut into frames and items, nothing decoded.

use std::time::Duration;

use bytes::Bytes;
use constable::cluster::decode::{ListHead, Wire};
use constable::cluster::feed::items::{Items, Part};
use constable::cluster::feed::splitter::{Cut, LIMIT, Splitter};
use constable::model::Kind;
use http_body_util::BodyExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::Failed;
use super::place::Place;

const QUERY: &str = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300";
const STREAM: &str = "application/vnd.kubernetes.protobuf;stream=watch";
const LIST: &str = "application/vnd.kubernetes.protobuf";
const END: &[u8] = b"k8s.io/initial-events-end";

/// Reads until the initial events have ended, then goes on so many seconds.
pub(crate) fn run(place: &Place, all: bool, stay: u64) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let kubeconfig = Kubeconfig::read_from(place.kubeconfig()?)?;
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.disable_compression = true;
        let client = Client::try_from(config)?;
        let kinds = if all {
            &Kind::ALL[..]
        } else {
            &[Kind::Pod][..]
        };
        // Budgets are watched by the console only while an action needs them.
        let streams = kinds.iter().filter(|kind| !kind.on_demand());
        let streams = streams.map(|kind| drain(&client, *kind, stay));
        let read = futures::future::try_join_all(streams).await?;
        let (frames, bytes) = read
            .iter()
            .fold((0, 0), |(f, b), (frames, bytes)| (f + frames, b + bytes));
        println!("{frames} frames, {bytes} bytes");
        Ok(())
    })
}

async fn drain(client: &Client, kind: Kind, stay: u64) -> Result<(u64, u64), Failed> {
    let base = match kind.group() {
        "" => "/api/v1".to_owned(),
        group => format!("/apis/{group}/{}", kind.version()),
    };
    let path = format!("{base}/{}", kind.plural());
    let ((frames, mut bytes), mut body) = if kind == Kind::Pod {
        whole(client, &path).await?
    } else {
        streamed(client, &path).await?
    };
    // Whatever comes now is read and dropped until the time is over.
    let rest = async {
        while let Some(chunk) = body.next().await? {
            bytes += u64::try_from(chunk.len())?;
        }
        Ok::<_, Failed>(())
    };
    if let Ok(ended) = tokio::time::timeout(Duration::from_secs(stay), rest).await {
        ended?;
    }
    Ok((frames, bytes))
}

/// A body as it comes: chunks, not copied.
struct Body(kube::client::Body);

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, Failed> {
        while let Some(frame) = self.0.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

async fn get(client: &Client, path: &str, accept: &str) -> Result<Body, Failed> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, accept)
        .body(kube::client::Body::empty())?;
    let response = client.send(request).await?;
    if response.status() != http::StatusCode::OK {
        return Err(format!("GET {path} answers {}", response.status()).into());
    }
    Ok(Body(response.into_body()))
}

/// A streaming list up to its end.
async fn streamed(client: &Client, path: &str) -> Result<((u64, u64), Body), Failed> {
    let mut body = get(client, &format!("{path}?{QUERY}"), STREAM).await?;
    let mut splitter = Splitter::new(Wire::Protobuf, LIMIT);
    let (mut frames, mut bytes) = (0, 0);
    while let Some(chunk) = body.next().await? {
        bytes += u64::try_from(chunk.len())?;
        let mut rest = &chunk[..];
        while let Some(Cut::Frame(frame)) = splitter.next(&mut rest) {
            frames += 1;
            // The bookmark is small: objects are not searched.
            if frame.len() < 400 && frame.windows(END.len()).any(|w| w == END) {
                return Ok(((frames, bytes), body));
            }
        }
    }
    Err(format!("{path} ended before its list").into())
}

/// A page and then all in one answer, as the console asks for pods; then the watch.
async fn whole(client: &Client, path: &str) -> Result<((u64, u64), Body), Failed> {
    let mut query = "?limit=500".to_owned();
    let (mut count, mut bytes) = (0, 0);
    loop {
        let mut body = get(client, &format!("{path}{query}"), LIST).await?;
        let (mut items, mut head) = (Items::new(LIMIT), ListHead::default());
        while let Some(chunk) = body.next().await? {
            bytes += u64::try_from(chunk.len())?;
            let mut rest = &chunk[..];
            while let Some(part) = items.next(&mut rest).map_err(|_| "no list")? {
                match part {
                    Part::Metadata(bytes) => head = ListHead::read(bytes)?,
                    _ => count += 1,
                }
            }
        }
        if head.next.is_some() {
            query.clear();
            continue;
        }
        let version = head.version;
        let query = format!(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={version}"
        );
        let watch = get(client, &format!("{path}?{query}"), STREAM).await?;
        return Ok(((count, bytes), watch));
    }
}
