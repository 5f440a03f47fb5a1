package leaktest

import (
	"fmt"
	"strings"
)

// kind is a sort of file: where it lies, and how its ordinary lines look.
type kind struct {
	path string // with one number
	line func(f *Forge) string
	size int // ordinary lines
}

// File is one of a tree.
type File struct {
	Path    string // with slashes
	Content []byte
}

// Monorepo is Go and JavaScript: sources, bundles on one line, lock files,
// code of others.
func (f *Forge) Monorepo(files int) []File { return f.tree(files, monorepo) }

// Infrastructure is YAML, charts, Terraform, environment files, certificates.
func (f *Forge) Infrastructure(files int) []File { return f.tree(files, infrastructure) }

func (f *Forge) tree(files int, kinds []kind) []File {
	var all []File
	for i := range files {
		one := kinds[i%len(kinds)]
		all = append(all, File{fmt.Sprintf(one.path, i), f.content(one)})
	}
	return all
}

// content is ordinary lines with something planted in every tenth, about; in
// large files less, because gitleaks takes minutes for one that is full.
func (f *Forge) content(one kind) []byte {
	var b strings.Builder
	for range one.size/2 + f.random.Intn(one.size) {
		b.WriteString(one.line(f))
		if f.random.Intn(5+one.size/9) == 0 {
			b.WriteString(f.planted())
		}
	}
	return []byte(b.String())
}

var monorepo = []kind{
	{"services/api/internal/file%d.go", goLine, 60},
	{"web/src/components/file%d.tsx", scriptLine, 60},
	{"web/dist/bundle.%d.min.js", minifiedPiece, 600},
	{"web/package-lock.%d.json", lockLine, 300},
	{"services/go%d/go.sum", sumLine, 80},
	{"services/api/vendor/github.com/acme/lib/v%d.go", goLine, 40},
	{"web/node_modules/left-pad/index%d.js", scriptLine, 40},
	{"docs/guide%d.md", proseLine, 40},
	{"services/api/testdata/fixture%d.json", jsonLine, 80},
	{"tools/script%d.py", scriptLine, 40},
}

var infrastructure = []kind{
	{"clusters/prod/app%d.yaml", yamlLine, 60},
	{"charts/gateway/values%d.yaml", yamlLine, 60},
	{"terraform/module%d/main.tf", terraformLine, 50},
	{"env/service%d.env", envLine, 30},
	{"certs/host%d.pem", pemLine, 40},
	{"compose/docker-compose%d.yml", yamlLine, 40},
	{"ansible/inventory%d.ini", envLine, 30},
	{"dumps/table%d.csv", csvLine, 80},
	{"keystores/store%d.p12", proseLine, 4},
	{"ci/pipeline%d.sh", shellLine, 40},
}

func goLine(f *Forge) string {
	return pick(f,
		"func (s *server) handle%d(w http.ResponseWriter, r *http.Request) error {\n", "\tkey := s.keys[%d] // the key's place\n",
		"\ttoken, err := s.parse(r, %d)\n", "\tconfiguration.Providers[%d].AuthenticationMethodDescription = describe(method)\n",
		"\tx.Sum = \"sha256:%064d\"\n", "}\n\n", "\tlog.Printf(\"access of the client %d: \\u00e9\\t\", n)\n")
}

func scriptLine(f *Forge) string {
	return pick(f,
		"import { auth%d } from './auth-client-provider-context';\n", "  const secretGarden = await api.get(`/v1/items/%d?x=%%20y`);\n",
		"    <a href=\"https://example.com/a%%2Fb/%d\">key</a>\n", "def handler_%d(event, context):\n", "  \"token_type\": \"bearer-token-type-%d\",\n",
		"// ein Schlüssel für Tür %d, пароль и ключ\n", "  return items.map((item) => item.key + %d);\n")
}

func minifiedPiece(f *Forge) string {
	return pick(f,
		"function t%d(e,t){return e.auth?n(t):r}", "var i=r(%d),a=i.useState(null)[0];", "e.key=\"k%d\",", "s=\"caf\\u00e9 %d\";",
		"{token:a.b(%d),accessible:!0},", "u=\"https://example.com/a%%20b/%d\";", "o.exports=JSON.parse('{\"id\":%d}');")
}

func lockLine(f *Forge) string {
	return fmt.Sprintf("    \"node_modules/%s-%d\": {\n      \"version\": \"1.2.%d\",\n      \"integrity\": \"sha512-%s==\",\n    },\n",
		f.word(), f.random.Intn(1e6), f.random.Intn(100), f.letters(86, base64Set))
}

func sumLine(f *Forge) string {
	return fmt.Sprintf("github.com/acme/%s v0.%d.0 h1:%s=\n", f.word(), f.random.Intn(100), f.letters(43, base64Set))
}

func proseLine(f *Forge) string {
	return pick(f, "The token of chapter %d is a word: it opens nothing.\n", "| key | value %d |\n", "\n",
		"Set `api_key` to your own key %d; see <https://example.com/%%7Euser>.\n", "Ключ %d, ſcript, 300 \u212a, \u0130stanbul\n")
}

func jsonLine(f *Forge) string {
	return pick(f, "  {\"id\": %d, \"key\": \"abcdefghijkl\", \"hash\": \""+f.letters(40, hexDigits)+"\"},\n",
		"  {\"uuid\": \""+f.uuid()+"\", \"n\": %d},\n", "  {\"auth\": {\"user\": \"name-of-user-%d\"}},\n")
}

func yamlLine(f *Forge) string {
	return pick(f,
		"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app%d\ndata:\n  password: "+f.letters(16, base64Set)+"=\n---\n",
		"  secretName: wildcard-certificate-%d\n", "  - name: API_KEY_%d\n    valueFrom:\n      secretKeyRef:\n        key: api-key\n",
		"  image: ghcr.io/acme/gateway@sha256:"+f.letters(64, hexDigits)+" # %d\n", "  replicas: %d\n", "  accessModes: [ReadWriteOnce]\n")
}

func terraformLine(f *Forge) string {
	return pick(f, "resource \"aws_instance\" \"web%d\" {\n", "  access_key = var.access_key_%d\n", "  ami = \"ami-%017d\"\n", "}\n\n",
		"  password = \"password-of-%d\"\n", "  key_name = aws_key_pair.deployer_%d.key_name\n")
}

func envLine(f *Forge) string {
	return pick(f, "PORT=%d\n", "SECRET_NAME=arn:aws:secretsmanager:eu-west-1:%012d:secret:name\n", "TOKEN_URL=https://example.com/oauth/%d\n",
		"[group%d]\n", "DB_PASSWORD=$PASSWORD_%d\n", "API_KEY=xxxxxxxxxxxxxxxx%d\n")
}

func pemLine(f *Forge) string {
	return pick(f, "-----BEGIN CERTIFICATE-----\n"+f.lines(4)+"-----END CERTIFICATE-----\n# %d\n", f.lines(2)+"# %d\n",
		"-----BEGIN RSA PRIVATE KEY-----\n"+f.lines(3)+"-----END RSA PRIVATE KEY-----\n# %d\n", "-----BEGIN PUBLIC KEY----- %d\n")
}

func csvLine(f *Forge) string {
	return fmt.Sprintf("%d,%s,%s,%s\n", f.random.Intn(1e6), f.uuid(), f.letters(32, hexDigits), f.word())
}

func shellLine(f *Forge) string {
	return pick(f, "curl -u \"$USER:$PASSWORD\" https://example.com/%d\n", "docker login -u ci --password-stdin < token%d\n",
		"curl --header 'Authorization: Bearer '$TOKEN https://example.com/%d \\\n", "if [ -n \"$KEY_%d\" ]; then\n", "fi\n")
}

// pick is one of some lines, its number filled in.
func pick(f *Forge, lines ...string) string {
	line := lines[f.random.Intn(len(lines))]
	if strings.Contains(strings.ReplaceAll(line, "%%", ""), "%") {
		return fmt.Sprintf(line, f.random.Intn(100000))
	}
	return strings.ReplaceAll(line, "%%", "%")
}

func (f *Forge) lines(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(f.letters(64, base64Set) + "\n")
	}
	return b.String()
}

func (f *Forge) uuid() string {
	return f.letters(8, hexDigits) + "-" + f.letters(4, hexDigits) + "-4" + f.letters(3, hexDigits) + "-a" + f.letters(3, hexDigits) + "-" + f.letters(12, hexDigits)
}

// Bundles are large files on one line, of more than a hundred kilobytes each.
func (f *Forge) Bundles(files int) []File {
	return f.tree(files, []kind{{"web/dist/vendor.%d.js", minifiedPiece, 5000}})
}

// Dumps are large files of many lines.
func (f *Forge) Dumps(files int) []File {
	return f.tree(files, []kind{{"dumps/export%d.csv", csvLine, 2500}, {"manifests/all%d.yaml", yamlLine, 1500}})
}
