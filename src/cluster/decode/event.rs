//! Events.

use serde::Deserialize;

use super::Decoder;
use super::meta::RawMeta;
use super::raw::{Part, RawTime, Str};
use crate::model::event::times;
use crate::model::{ClusterEvent, Regarding};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawEvent<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) involved_object: Part<RawRegarding<'a>>,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) message: Str<'a>,
    #[serde(borrow)]
    pub(super) source: Part<RawSource<'a>>,
    pub(super) first_timestamp: RawTime,
    pub(super) last_timestamp: RawTime,
    pub(super) count: Option<i64>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    pub(super) event_time: RawTime,
    pub(super) series: Part<RawSeries>,
    #[serde(borrow)]
    pub(super) reporting_component: Str<'a>,
    #[serde(borrow)]
    pub(super) reporting_instance: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawRegarding<'a> {
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) namespace: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    #[serde(borrow)]
    pub(super) field_path: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSource<'a> {
    #[serde(borrow)]
    pub(super) component: Str<'a>,
    #[serde(borrow)]
    pub(super) host: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawSeries {
    pub(super) count: Option<i64>,
    pub(super) last_observed_time: RawTime,
}

impl Decoder {
    pub(super) fn happening(&mut self, raw: &RawEvent<'_>) -> ClusterEvent {
        let meta = self.meta(&raw.metadata);
        let (about, series) = (&raw.involved_object, &raw.series);
        let (first, last) = times(
            meta.created,
            raw.event_time.time(),
            raw.first_timestamp.time(),
            raw.last_timestamp.time(),
            series.last_observed_time.time(),
        );
        let count = series.count.or(raw.count).unwrap_or(1).max(1);
        let source = match &*raw.reporting_component {
            "" => &raw.source.component,
            _ => &raw.reporting_component,
        };
        let node = match (&*raw.source.host, &**source) {
            ("", "kubelet") => &*raw.reporting_instance,
            (host, _) => host,
        };
        ClusterEvent {
            regarding: Regarding {
                kind: self.text(&about.kind),
                namespace: self.text(&about.namespace),
                name: self.text(&about.name),
                uid: self.text(&about.uid),
                field: self.text(&about.field_path),
            },
            warning: &*raw.kind == "Warning",
            reason: self.text(&raw.reason),
            message: self.text(&raw.message),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            first,
            last,
            source: self.text(source),
            node: self.text(node),
            meta,
        }
    }
}
