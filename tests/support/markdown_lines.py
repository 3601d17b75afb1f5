"""Markdown of every kind, a kind on each line."""

# In its parts, so that every part also comes inside and beside the others.
LINES = r"""
plain words, a line
two lines\
and a break
ends with two spaces
*em* and **strong** and ***both*** and ~~gone~~
`code` and ``code with ` in it`` and `<b>`
\*not em\* and \\ and \& and 1 < 2 > 0 & "quoted" 'single'
[link](https://example.com/a?b=1&c=2 "its title") and [relative](/x y)
[mail](mailto:a@b.example) <https://auto.example/a?b=1&c> www.example.com me@example.com
[bad](javascript:alert(1)) [data](data:text/html,x) [vb](vbscript:x) [JS](JaVaScRiPt:x) [odd](%)
[**bold** link](https://example.com) and [a ![inner](https://evil.example/1.png) b](https://b.example)
![ours](/static/img/icons.svg "t") ![theirs](https://evil.example/p.png) ![](https://evil.example/q)
![data](data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7)
[ref] and [other][ref] and [missing]
AT&amp;T &copy; 2026 &#35; &notareference and &
<kbd>Ctrl</kbd> and <script>alert(1)</script> and <b onclick="x()">bold</b>
$x^2$ and \(y\) and $$z$$ and costs $5 and $6
# Heading *one*
###### Heading six
Setext
======
> a quote
> > in a quote
- one
- two
  - inner

  loose
1. first
2. second
7. seven
- [ ] to do
- [x] done with `code`
| a | b | c |
|:--|:-:|--:|
| 1 | **2** | `3` |
| \| | x |
***
```python
print("<b>")
```
```c++ extra words
int x;
```
    indented code
$$
W = \frac{\rho}{1 - \rho} < 1
$$
$$ not closed
<div align="center">block</div>
[ref]: https://ref.example "its title"
日本語 and émoji 🎉 and a very-long-word
""".strip("\n")
