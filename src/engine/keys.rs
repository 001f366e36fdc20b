//! The table of intents. Key, hint, help line, palette name and documentation of an intent are one row.

use super::action::{How, Operation};
use super::input::{Code, Key};
use super::log::Window;
pub(crate) use super::on::On;

/// What a person can want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Intent {
    Down,
    Up,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Top,
    Bottom,
    Left,
    Right,
    Enter,
    Escape,
    Back,
    Other,
    Mark,
    Filter,
    Search,
    NextHit,
    PreviousHit,
    SortMenu,
    SortLeft,
    SortRight,
    Log,
    Previous,
    NodeOf,
    Events,
    Follow,
    Timestamps,
    Wrap,
    Fields,
    Sieve,
    MoreAround,
    LessAround,
    Since(Window),
    Logs,
    Palette,
    Help,
    Interrupt,
    Suspend,
    Quit,
    Go(Place),
    Namespace,
    Context,
    Cluster,
    SortBy,
    Theme,
    Act(Operation),
    Actions,
    Stop,
    Lock,
    Describe,
    Yaml,
    Fold,
    FoldAll,
    CopyBlock,
    CopyAll,
    Save,
    Reread,
    Reveal,
    Managed,
    /// Set the replicas to the number behind it.
    Scale,
    Relations,
}

/// A screen that can be gone to by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Overview,
    Jobs,
    Nodes,
    Pods,
    Ingresses,
    Events,
    Use,
    Log,
    Console,
    Actions,
    Forwards,
    Workloads,
    Deployments,
    StatefulSets,
    DaemonSets,
    CronJobs,
    Workers,
    Handlers,
    Containers,
}

/// Where the help overlay lists an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Move,
    See,
    Act,
    List,
    Log,
    Text,
    Console,
}

impl Group {
    const ALL: [Self; 7] = [
        Self::See,
        Self::Act,
        Self::List,
        Self::Log,
        Self::Text,
        Self::Console,
        Self::Move,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::See => "see",
            Self::Act => "act",
            Self::List => "lists",
            Self::Log => "logs",
            Self::Text => "documents",
            Self::Console => "console",
        }
    }
}

/// What a command takes behind its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    Nothing,
    Namespace,
    Context,
    Cluster,
    Column,
    Theme,
    /// Anything, shown so; it may be left out.
    Words(&'static str),
    Logs,
    Number,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) intent: Intent,
    pub(crate) keys: &'static [Key],
    pub(crate) on: On,
    pub(crate) group: Group,
    /// One or two words for the footer; empty: not shown there.
    pub(crate) hint: &'static str,
    pub(crate) help: &'static str,
    /// Name in the `:` palette; empty: not there.
    pub(crate) command: &'static str,
    pub(crate) argument: Argument,
}

const fn row(
    intent: Intent,
    keys: &'static [Key],
    on: On,
    group: Group,
    hint: &'static str,
    help: &'static str,
) -> Row {
    Row {
        intent,
        keys,
        on,
        group,
        hint,
        help,
        command: "",
        argument: Argument::Nothing,
    }
}

const fn command(
    intent: Intent,
    name: &'static str,
    argument: Argument,
    help: &'static str,
) -> Row {
    Row {
        intent,
        keys: &[],
        on: On::ALL,
        group: Group::Console,
        hint: "",
        help,
        command: name,
        argument,
    }
}

const fn c(c: char) -> Key {
    Key::char(c)
}

const fn k(code: Code) -> Key {
    Key::plain(code)
}

/// The table. Where two rows share a key, their screens differ.
#[rustfmt::skip]
pub(crate) static TABLE: &[Row] = &[
    row(Intent::Enter, &[k(Code::Enter)], On::LISTS, Group::See, "in", "into what is under the cursor"),
    row(Intent::Log, &[c('l')], On::JOBS_OR_PODS, Group::See, "log", "its log, across its containers in order"),
    Row { intent: Intent::Logs, keys: &[c('L')], on: On::MERGED, group: Group::See, hint: "logs", help: "merged logs: of the marked rows, the pool or node, or all that is shown", command: "logs", argument: Argument::Logs },
    row(Intent::Previous, &[c('p')], On::JOBS_OR_PODS, Group::See, "", "the log of its containers' last life"),
    Row { intent: Intent::Go(Place::Containers), keys: &[c('C')], on: On::JOBS_OR_PODS, group: Group::See, hint: "", help: "the containers of its pod, with requests and limits", command: "containers", argument: Argument::Nothing },
    row(Intent::NodeOf, &[c('o')], On::JOBS_OR_PODS.and(On::LOG), Group::See, "node", "the node it is on"),
    row(Intent::Describe, &[c('d')], On::OBJECTS, Group::See, "describe", "describes it: state, containers, conditions, events"),
    row(Intent::Yaml, &[c('y')], On::OBJECTS, Group::See, "yaml", "its YAML, secrets hidden"),
    row(Intent::Events, &[c('e')], On::EVERY_THING, Group::See, "events", "its events, merged, in time with its life"),
    row(Intent::Relations, &[c('r')], On::OBJECTS, Group::See, "", "what it is tied to: owner, what it owns, job, services, ingresses, budgets, volumes; enter goes there"),
    row(Intent::Escape, &[k(Code::Esc)], On::ALL, Group::Move, "back", "clears filter or search, else back; never quits"),
    row(Intent::Back, &[c('q')], On::ALL, Group::Move, "", "back; on the first screen :q quits"),
    row(Intent::Back, &[c('-')], On::NO_LOG, Group::Move, "", "back"),
    row(Intent::Other, &[k(Code::Tab), k(Code::BackTab)], On::OVERVIEW.and(On::NODE), Group::Move, "other part", "between pools and jobs, or a node's pods and jobs"),
    row(Intent::Other, &[k(Code::Tab), k(Code::BackTab)], On::WARNINGS, Group::Move, "all or warnings", "of a pool or the cluster: warnings, or all events"),
    row(Intent::Down, &[c('j'), k(Code::Down)], On::SCROLL, Group::Move, "", "down"),
    row(Intent::Up, &[c('k'), k(Code::Up)], On::SCROLL, Group::Move, "", "up"),
    row(Intent::HalfDown, &[Key::ctrl('d')], On::SCROLL, Group::Move, "", "half a page down"),
    row(Intent::HalfUp, &[Key::ctrl('u')], On::SCROLL, Group::Move, "", "half a page up"),
    row(Intent::PageDown, &[k(Code::PageDown), Key::ctrl('f')], On::SCROLL, Group::Move, "", "a page down"),
    row(Intent::PageUp, &[k(Code::PageUp), Key::ctrl('b')], On::SCROLL, Group::Move, "", "a page up"),
    row(Intent::Top, &[c('g'), k(Code::Home)], On::SCROLL, Group::Move, "", "to the first"),
    row(Intent::Bottom, &[c('G'), k(Code::End)], On::SCROLL, Group::Move, "", "to the last"),
    row(Intent::Actions, &[c('a')], On::LISTS.and(On::LOG), Group::Act, "actions", "all that can be done here, and why not"),
    row(Intent::Act(Operation::Cancel), &[c('X')], On::JOBS_OR_PODS.and(On::LOG), Group::Act, "", "cancel the job"),
    row(Intent::Act(Operation::Retry), &[c('R')], On::JOBS_OR_PODS.and(On::LOG), Group::Act, "", "retry the job"),
    row(Intent::Act(Operation::Cordon), &[c('c')], On::NODES.and(On::NODE), Group::Act, "", "cordon: no new pods on the node"),
    row(Intent::Act(Operation::Uncordon), &[c('u')], On::NODES.and(On::NODE), Group::Act, "", "uncordon"),
    row(Intent::Act(Operation::Drain), &[c('D')], On::NODES.and(On::NODE), Group::Act, "drain", "drain: cordon, then evict under the budgets"),
    row(Intent::Stop, &[c('X')], On::ACTIONS, Group::Act, "stop", "stop the action; what was done stays done"),
    Row { intent: Intent::Lock, keys: &[Key::ctrl('l')], on: On::ALL, group: Group::Act, hint: "", help: "unlock this cluster for a while, or lock it", command: "unlock", argument: Argument::Nothing },
    row(Intent::Filter, &[c('/')], On::TABLES, Group::List, "filter", "filter: words, !word, -l label=value, column:value; all must hold"),
    row(Intent::Mark, &[c(' ')], On::TABLES, Group::List, "", "mark or unmark"),
    row(Intent::SortMenu, &[c('S')], On::TABLES, Group::List, "sort", "sort by a column; the same again turns it round"),
    row(Intent::SortLeft, &[c('<')], On::TABLES, Group::List, "", "sort by the column to the left"),
    row(Intent::SortRight, &[c('>')], On::TABLES, Group::List, "", "sort by the column to the right"),
    row(Intent::Follow, &[c('s')], On::LOG, Group::Log, "autoscroll", "go on with the end, or stay"),
    row(Intent::Fold, &[k(Code::Tab), k(Code::Enter)], On::TEXT, Group::Text, "fold", "folds or unfolds the block"),
    row(Intent::FoldAll, &[c('z')], On::TEXT, Group::Text, "", "folds all blocks, or unfolds them"),
    row(Intent::CopyBlock, &[c('c')], On::TEXT, Group::Text, "copy", "copies the line or block under the cursor"),
    row(Intent::CopyAll, &[c('C')], On::TEXT, Group::Text, "", "copies all of it"),
    row(Intent::Save, &[c('S'), Key::ctrl('s')], On::TEXT.and(On::LOG), Group::Text, "save", "saves it to a file of the working directory; of a log what is kept, or what the filter shows"),
    row(Intent::Reread, &[Key::ctrl('r')], On::TEXT.and(On::KIND), Group::Text, "", "reads it again"),
    row(Intent::Reveal, &[c('x')], On::TEXT, Group::Text, "", "reveals the hidden value under the cursor; the audit keeps that"),
    row(Intent::Managed, &[c('m')], On::TEXT, Group::Text, "", "shows or hides the managed fields"),
    row(Intent::Search, &[c('/')], On::LOG.and(On::TEXT), Group::Log, "search", "search"),
    row(Intent::NextHit, &[c('n')], On::LOG.and(On::TEXT), Group::Log, "", "next hit"),
    row(Intent::PreviousHit, &[c('N')], On::LOG.and(On::TEXT), Group::Log, "", "previous hit"),
    row(Intent::Previous, &[c('p')], On::LOG, Group::Log, "previous", "the containers' last life, or the present one"),
    row(Intent::Timestamps, &[c('t')], On::LOG, Group::Log, "time", "the kubelet's time stamps"),
    row(Intent::Fields, &[c('f')], On::LOG, Group::Log, "fields", "lines of JSON as fields, or as they are"),
    row(Intent::Sieve, &[c('&')], On::LOG, Group::Log, "filter", "filter: a regular expression, !expression drops, && between several"),
    row(Intent::MoreAround, &[c('+')], On::LOG, Group::Log, "", "more lines around what the filter keeps, up to 5"),
    row(Intent::LessAround, &[c('-')], On::LOG, Group::Log, "", "fewer of them; without a filter back"),
    row(Intent::Since(Window::Tail), &[c('0')], On::LOG, Group::Log, "", "the tail, as the log was opened"),
    row(Intent::Since(Window::Head), &[c('1')], On::LOG, Group::Log, "", "from the beginning"),
    row(Intent::Since(Window::Minutes(1)), &[c('2')], On::LOG, Group::Log, "", "the last minute"),
    row(Intent::Since(Window::Minutes(5)), &[c('3')], On::LOG, Group::Log, "", "the last 5 minutes"),
    row(Intent::Since(Window::Minutes(15)), &[c('4')], On::LOG, Group::Log, "", "the last 15 minutes"),
    row(Intent::Since(Window::Minutes(30)), &[c('5')], On::LOG, Group::Log, "", "the last 30 minutes"),
    row(Intent::Since(Window::Minutes(60)), &[c('6')], On::LOG, Group::Log, "", "the last hour"),
    row(Intent::Wrap, &[c('w')], On::LOG.and(On::TEXT), Group::Log, "wrap", "wrap long lines"),
    row(Intent::Left, &[c('h'), k(Code::Left)], On::LOG.and(On::TEXT), Group::Log, "", "to the left"),
    row(Intent::Right, &[k(Code::Right)], On::LOG.and(On::TEXT), Group::Log, "", "to the right"),
    Row { intent: Intent::Palette, keys: &[c(':')], on: On::ALL, group: Group::Console, hint: "go to", help: "go to a screen or do anything by name", command: "", argument: Argument::Nothing },
    Row { intent: Intent::Help, keys: &[c('?')], on: On::ALL, group: Group::Console, hint: "help", help: "these keys", command: "help", argument: Argument::Nothing },
    row(Intent::Interrupt, &[Key::ctrl('c')], On::ALL, Group::Console, "", "ends the follow of a log, else quits"),
    row(Intent::Suspend, &[Key::ctrl('z')], On::ALL, Group::Console, "", "suspends the console"),
    command(Intent::Go(Place::Overview), "overview", Argument::Nothing, "ranks, pools, problems, jobs"),
    command(Intent::Go(Place::Jobs), "jobs", Argument::Nothing, "all jobs"),
    command(Intent::Go(Place::Nodes), "nodes", Argument::Nothing, "all nodes"),
    command(Intent::Go(Place::Pods), "pods", Argument::Nothing, "all pods"),
    command(Intent::Go(Place::Ingresses), "ingresses", Argument::Nothing, "hosts, paths and what answers them"),
    command(Intent::Go(Place::Events), "events", Argument::Nothing, "warnings of the whole cluster, by reason"),
    command(Intent::Go(Place::Use), "use", Argument::Nothing, "what jobs of one name use of what they ask for"),
    command(Intent::Go(Place::Workloads), "workloads", Argument::Nothing, "Deployments, StatefulSets, DaemonSets, CronJobs"),
    command(Intent::Go(Place::Deployments), "deploy", Argument::Nothing, "Deployments alone"),
    command(Intent::Go(Place::StatefulSets), "sts", Argument::Nothing, "StatefulSets alone"),
    command(Intent::Go(Place::DaemonSets), "ds", Argument::Nothing, "DaemonSets alone"),
    command(Intent::Go(Place::CronJobs), "cronjobs", Argument::Nothing, "CronJobs: next start, last, last success"),
    command(Intent::Go(Place::Workers), "workers", Argument::Nothing, "the platform's workers and what each has in hand"),
    command(Intent::Go(Place::Handlers), "handlers", Argument::Nothing, "the platform's handlers, their hosts and routes"),
    command(Intent::Act(Operation::Restart), "restart", Argument::Nothing, "replace a workload's pods, its way of rolling out"),
    command(Intent::Scale, "scale", Argument::Number, "set how many pods a workload has"),
    command(Intent::Act(Operation::Trigger), "trigger", Argument::Nothing, "start a CronJob now"),
    command(Intent::Act(Operation::Suspend), "suspend", Argument::Nothing, "let a CronJob rest"),
    command(Intent::Act(Operation::Resume), "resume", Argument::Nothing, "let a CronJob start by its schedule again"),
    command(Intent::Go(Place::Log), "log", Argument::Nothing, "log of what is under the cursor"),
    command(Intent::Go(Place::Actions), "actions", Argument::Nothing, "running and past actions"),
    command(Intent::Go(Place::Forwards), "forwards", Argument::Nothing, "forwarded ports and what goes through them"),
    command(Intent::Go(Place::Console), "console", Argument::Nothing, "the console's own log"),
    command(Intent::Namespace, "ns", Argument::Namespace, "narrow the console to a namespace, or all"),
    command(Intent::Context, "ctx", Argument::Context, "connect to another context; +NAME beside what is shown, -NAME no longer"),
    command(Intent::Cluster, "cluster", Argument::Cluster, "narrow the console to one of its clusters, or all"),
    command(Intent::SortBy, "sort", Argument::Column, "sort by a column; the same again turns it round"),
    command(Intent::Theme, "theme", Argument::Theme, "change the colours"),
    Row { intent: Intent::Act(Operation::Open(How::Shell)), keys: &[c('s')], on: On::JOBS_OR_PODS, group: Group::Act, hint: "", help: "a shell in a container of it", command: "shell", argument: Argument::Words(" [CONTAINER]") },
    Row { intent: Intent::Act(Operation::Open(How::NodeShell)), keys: &[c('s')], on: On::NODES, group: Group::Act, hint: "", help: "a root shell on its node, by a pod that is deleted afterwards", command: "node-shell", argument: Argument::Nothing },
    Row { intent: Intent::Act(Operation::Open(How::Forward)), keys: &[c('f')], on: On::JOBS_OR_PODS.and(On::INGRESSES), group: Group::Act, hint: "", help: "forward a port of 127.0.0.1 to it", command: "forward", argument: Argument::Words(" [LOCAL:]PORT") },
    Row { intent: Intent::Act(Operation::Open(How::Attach)), keys: &[], on: On::JOBS_OR_PODS, group: Group::Act, hint: "", help: "watch the process that runs in a container; -i: type to it too", command: "attach", argument: Argument::Words(" [CONTAINER] [-i]") },
    Row { intent: Intent::Act(Operation::Open(How::Debug)), keys: &[], on: On::JOBS_OR_PODS, group: Group::Act, hint: "", help: "a debug container beside those of the pod", command: "debug", argument: Argument::Words(" [IMAGE]") },
    command(Intent::Quit, "q", Argument::Nothing, "quit"),
];

/// What a key means on a screen.
pub(crate) fn intent(key: Key, on: On) -> Option<Intent> {
    TABLE
        .iter()
        .find(|row| row.on.meets(on) && row.keys.contains(&key))
        .map(|row| row.intent)
}

/// The rows that a screen's footer shows.
pub(crate) fn hints(on: On) -> impl Iterator<Item = &'static Row> {
    TABLE
        .iter()
        .filter(move |row| row.on.meets(on) && !row.hint.is_empty() && !row.keys.is_empty())
}

/// The help of a screen, in groups: (keys, what they do).
pub(crate) fn help(on: On) -> Vec<(&'static str, Vec<(String, &'static str)>)> {
    Group::ALL
        .iter()
        .map(|group| {
            let lines = TABLE
                .iter()
                .filter(|row| row.group == *group && row.on.meets(on))
                .map(|row| (shown(row), row.help))
                .collect::<Vec<_>>();
            (group.title(), lines)
        })
        .filter(|(_, lines)| !lines.is_empty())
        .collect()
}

/// The table as documentation: (group, keys or command, what it does), once each.
pub fn documentation() -> Vec<(&'static str, String, &'static str)> {
    Group::ALL
        .iter()
        .flat_map(|group| {
            TABLE
                .iter()
                .filter(move |row| row.group == *group)
                .map(|row| (group.title(), shown(row), row.help))
        })
        .collect()
}

fn shown(row: &Row) -> String {
    let mut words: Vec<String> = row.keys.iter().map(|key| name(*key)).collect();
    if !row.command.is_empty() {
        let argument = match row.argument {
            Argument::Nothing => "",
            Argument::Namespace | Argument::Cluster => " NAME|all",
            Argument::Context => " [+|-]NAME",
            Argument::Theme => " NAME",
            Argument::Column => " COLUMN",
            Argument::Words(words) => words,
            Argument::Logs => " [POOL|NODE|PROJECT]",
            Argument::Number => " NUMBER",
        };
        words.push(format!(":{}{argument}", row.command));
    }
    words.join(" ")
}

/// A key as hints and help write it.
pub(crate) fn name(key: Key) -> String {
    let code = match key.code {
        Code::Char(' ') => "space".to_owned(),
        Code::Char(c) => c.to_string(),
        Code::Enter => "enter".to_owned(),
        Code::Esc => "esc".to_owned(),
        Code::Backspace => "backspace".to_owned(),
        Code::Delete => "del".to_owned(),
        Code::Tab => "tab".to_owned(),
        Code::BackTab => "shift-tab".to_owned(),
        Code::Up => "↑".to_owned(),
        Code::Down => "↓".to_owned(),
        Code::Left => "←".to_owned(),
        Code::Right => "→".to_owned(),
        Code::Home => "home".to_owned(),
        Code::End => "end".to_owned(),
        Code::PageUp => "pgup".to_owned(),
        Code::PageDown => "pgdn".to_owned(),
        Code::F(n) => format!("f{n}"),
    };
    match (key.mods.ctrl, key.mods.alt) {
        (true, _) => format!("ctrl-{code}"),
        (false, true) => format!("alt-{code}"),
        (false, false) => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_on_a_screen() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in &TABLE[i + 1..] {
                for key in a.keys.iter().filter(|key| b.keys.contains(key)) {
                    assert!(
                        !a.on.meets(b.on),
                        "{} is {:?} and {:?}",
                        name(*key),
                        a.intent,
                        b.intent
                    );
                }
            }
        }
    }

    #[test]
    fn a_command_has_one_name() {
        let mut names: Vec<_> = TABLE
            .iter()
            .map(|r| r.command)
            .filter(|c| !c.is_empty())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_help_of_a_screen_names_its_keys_alone() {
        let help = help(On::LOG);
        let lines: Vec<_> = help.iter().flat_map(|(_, lines)| lines).collect();
        assert!(lines.iter().any(|(keys, _)| keys == "s"));
        assert!(lines.iter().any(|(keys, _)| keys == ":ns NAME|all"));
        assert!(!lines.iter().any(|(keys, _)| keys == "space"));
    }
}
