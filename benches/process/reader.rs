//! The floor: the console's own requests in protobuf, cut into frames and items, nothing decoded.

use std::pin::Pin;
use std::time::Duration;

use constable::cluster::decode::ListHead;
use constable::cluster::feed::items::{Items, Part};
use constable::cluster::feed::splitter::LIMIT;
use constable::model::Kind;
use futures::{AsyncRead, AsyncReadExt};
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
        let streams = kinds.iter().filter(|kind| **kind != Kind::Budget);
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
        group => format!("/apis/{group}/v1"),
    };
    let path = format!("{base}/{}", kind.plural());
    let (read, body) = if kind == Kind::Pod {
        whole(client, &path).await?
    } else {
        streamed(client, &path).await?
    };
    // Whatever comes now is read and dropped until the time is over.
    let mut sink = futures::io::sink();
    let rest = futures::io::copy(body, &mut sink);
    let rest = tokio::time::timeout(Duration::from_secs(stay), rest).await;
    Ok((read.0, read.1 + rest.unwrap_or(Ok(0))?))
}

type Body = Pin<Box<dyn AsyncRead>>;

async fn get(client: &Client, path: &str, accept: &str) -> Result<Body, Failed> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, accept)
        .body(Vec::new())?;
    Ok(Box::pin(client.request_stream(request).await?))
}

/// A streaming list up to its end.
async fn streamed(client: &Client, path: &str) -> Result<((u64, u64), Body), Failed> {
    let mut body = get(client, &format!("{path}?{QUERY}"), STREAM).await?;
    let (mut frame, mut frames, mut bytes) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let mut length = [0; 4];
        body.read_exact(&mut length).await?;
        let length = usize::try_from(u32::from_be_bytes(length))?;
        frame.resize(length, 0);
        body.read_exact(&mut frame).await?;
        frames += 1;
        bytes += 4 + u64::try_from(length)?;
        // The bookmark is small: objects are not searched.
        if length < 400 && frame.windows(END.len()).any(|w| w == END) {
            return Ok(((frames, bytes), body));
        }
    }
}

/// A page and then all in one answer, as the console asks for pods; then the watch.
async fn whole(client: &Client, path: &str) -> Result<((u64, u64), Body), Failed> {
    let mut query = "limit=500".to_owned();
    let (mut count, mut bytes) = (0, 0);
    loop {
        let mut body = get(client, &format!("{path}?{query}"), LIST).await?;
        let (mut items, mut head) = (Items::new(LIMIT), ListHead::default());
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = body.read(&mut chunk).await?;
            if read == 0 {
                break;
            }
            bytes += u64::try_from(read)?;
            let mut rest = &chunk[..read];
            while let Some(part) = items.next(&mut rest).map_err(|_| "no list")? {
                match part {
                    Part::Metadata(bytes) => head = ListHead::read(bytes)?,
                    _ => count += 1,
                }
            }
        }
        match head.next {
            Some(_) => query.clear(),
            None => {
                let version = head.version;
                query = format!(
                    "watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={version}"
                );
                break;
            }
        }
    }
    let watch = get(client, &format!("{path}?{query}"), STREAM).await?;
    Ok(((count, bytes), watch))
}
