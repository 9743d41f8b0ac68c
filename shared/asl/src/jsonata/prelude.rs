//! Definitions that stand before an expression and put some of the language's functions behind a
//! guard: those that take quadratic time, or that make more than they check, in one call during which
//! no limit is looked at. What is harmless goes on to the function itself.

use std::collections::BTreeSet;

/// The functions, each with its definition. `$_…` are functions of ours.
const GUARDED: [(&str, &str); 4] = [
    (
        "keys",
        "$_k := $keys; \
         $keys := function($o)<x-:x>{ $_comparesFew($o) ? $_k($o) : $_keys($o) };",
    ),
    (
        "distinct",
        "$_d := $distinct; \
         $distinct := function($a)<x:x>{ $_comparesFew($a) ? $_d($a) : $_distinct($a) };",
    ),
    (
        "replace",
        "$_r := $replace; \
         $replace := function($s, $p, $r, $n)<s-(sf)(sf)n?:s>{ ($_checkReplace($s, $p, $r); $_r($s, $p, $r, $n)) };",
    ),
    (
        "split",
        "$_s := $split; \
         $split := function($s, $p, $n)<s-(sf)n?:a<s>>{ ($_checkSplit($s, $p); $_s($s, $p, $n)) };",
    ),
];

/// The definitions that an expression with these names needs. A name that a variable of the execution
/// has taken is no function any more.
pub(super) fn definitions(names: &BTreeSet<String>, is_taken: impl Fn(&str) -> bool) -> String {
    GUARDED
        .iter()
        .filter(|(name, _)| names.contains(*name) && !is_taken(name))
        .map(|(_, definition)| format!("{definition} "))
        .collect()
}

/// Whether the name is that of a function with a guard.
pub(super) fn has(name: &str) -> bool {
    GUARDED.iter().any(|(guarded, _)| *guarded == name)
}
