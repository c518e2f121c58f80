//! What somebody who mistyped a name may have meant.

/// The most names to suggest.
const MAX_SUGGESTIONS: usize = 3;

/// The names nearest to the text, nearest first; none when nothing is near. Case does not count.
pub(crate) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let text = text.to_lowercase();
    let near = 2.max(text.chars().count() / 6);
    let mut found: Vec<(usize, &str)> =
        names.into_iter().map(|name| (distance(&text, &name.to_lowercase()), name)).collect();
    found.retain(|(distance, _)| *distance <= near);
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(MAX_SUGGESTIONS).map(|(_, name)| name).collect()
}

/// How many characters have to be put in, taken out or exchanged (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut before = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (above, b) in row.iter().skip(1).zip(to.chars()) {
            left = (before + usize::from(a != b)).min(above + 1).min(left + 1);
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (from, to, edits) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }

    #[test]
    fn near_names_come_nearest_first() {
        let names = ["Taskurai.Task.Read", "Taskurai.Task.Create", "Taskurai.Log.System.Read"];
        assert_eq!(nearest("Taskurai.task.raed", names), ["Taskurai.Task.Read"]);
        assert_eq!(nearest("Taskurai.Tasks.Read", names), ["Taskurai.Task.Read"]);
        assert!(nearest("Other.Thing", names).is_empty());
    }
}
