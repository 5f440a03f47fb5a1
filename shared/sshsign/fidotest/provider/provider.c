/*
 * A FIDO security key in software, for tests: a middleware library as OpenSSH
 * loads it by SSH_SK_PROVIDER (sk-api.h of OpenSSH 8.4 and later). A key
 * handle is the private key itself, so nothing here protects anything.
 *
 * What it does is set by the environment:
 *   FIDO_PIN       the PIN that user verification takes
 *   FIDO_TOUCH_MS  how long the "touch" takes, milliseconds
 *   FIDO_NO_TOUCH  sign without a touch
 *   FIDO_CERT      attestation certificate, DER; with it keys are attested
 *   FIDO_CERT_KEY  its private key, PEM
 *   FIDO_STORE     file that resident keys are kept in
 *   FIDO_ECDSA_ONLY  no Ed25519, as on older tokens
 */
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SK_VERSION
#define SK_VERSION 0x000a0000
#endif
#define PRESENT 0x01
#define VERIFIED 0x04
#define RESIDENT 0x20
#define GENERAL -1
#define UNSUPPORTED -2
#define PIN_REQUIRED -3

struct sk_enroll_response {
	uint8_t flags;
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata;
	size_t authdata_len;
};
struct sk_sign_response {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r;
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};
struct sk_resident_key {
	uint32_t alg;
	size_t slot;
	char *application;
	struct sk_enroll_response key;
	uint8_t flags;
	uint8_t *user_id;
	size_t user_id_len;
};
struct sk_option;

uint32_t sk_api_version(void) { return SK_VERSION; }

static uint8_t *copy(const void *from, size_t len)
{
	uint8_t *to = malloc(len ? len : 1);
	if (to != NULL)
		memcpy(to, from, len);
	return to;
}

static int pin_is_wrong(uint8_t flags, const char *pin)
{
	const char *want = getenv("FIDO_PIN");
	if (!(flags & VERIFIED))
		return 0;
	return pin == NULL || want == NULL || strcmp(pin, want) != 0;
}

/* A key from its private part: 32 bytes, of either kind. */
static EVP_PKEY *key_of(uint32_t alg, const uint8_t *secret)
{
	if (alg == 1)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *d = BN_bin2bn(secret, 32, NULL);
	EC_POINT *q = EC_POINT_new(group);
	uint8_t point[65];
	EVP_PKEY *key = NULL;
	EC_POINT_mul(group, q, d, NULL, NULL, NULL);
	EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EC_POINT_free(q);
	EC_GROUP_free(group);
	BN_free(d);
	return key;
}

static size_t public_of(uint32_t alg, EVP_PKEY *key, uint8_t out[65])
{
	size_t len = 65;
	if (alg == 1) {
		len = 32;
		return EVP_PKEY_get_raw_public_key(key, out, &len) == 1 ? len : 0;
	}
	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, 65, &len) == 1 ? len : 0;
}

/* The secret must lie in the order of the curve: any 32 bytes below 2^255 do. */
static int make_secret(uint8_t secret[32])
{
	if (RAND_bytes(secret, 32) != 1)
		return -1;
	secret[0] &= 0x7f;
	secret[31] |= 1;
	return 0;
}

static size_t cose(uint32_t alg, const uint8_t *public, uint8_t *out)
{
	static const uint8_t okp[] = {0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20};
	static const uint8_t ec2[] = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};
	static const uint8_t y[] = {0x22, 0x58, 0x20};
	size_t n = sizeof(ec2);
	memcpy(out, alg == 1 ? okp : ec2, n);
	memcpy(out + n, alg == 1 ? public : public + 1, 32);
	n += 32;
	if (alg == 1)
		return n;
	memcpy(out + n, y, 3);
	memcpy(out + n + 3, public + 33, 32);
	return n + 35;
}

/* attest fills certificate, signature and authenticator data ("packed"). */
static int attest(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
    const uint8_t *public, struct sk_enroll_response *r)
{
	const char *cert = getenv("FIDO_CERT"), *path = getenv("FIDO_CERT_KEY");
	uint8_t data[512] = {0}, der[8192];
	size_t n = 0, len = 0;
	FILE *f;
	r->signature = calloc(1, 1);
	if (cert == NULL || path == NULL)
		return 0;
	SHA256((const uint8_t *)application, strlen(application), data);
	data[32] = 0x41 | (flags & VERIFIED);
	data[36] = 1; /* counter */
	memcpy(data + 37, "clawql-test-fido", 16);
	data[54] = 32; /* length of the credential's id */
	memcpy(data + 55, r->key_handle, 32);
	memset(data + 55, 0xab, 32); /* not the secret itself */
	n = 87 + cose(alg, public, data + 87);
	r->authdata = malloc(n + 3);
	r->authdata_len = n + 2;
	r->authdata[0] = 0x58; /* CBOR byte string, one byte of length */
	r->authdata[1] = (uint8_t)n;
	if (n > 255)
		return -1;
	memcpy(r->authdata + 2, data, n);
	if ((f = fopen(cert, "rb")) == NULL)
		return -1;
	len = fread(der, 1, sizeof(der), f);
	fclose(f);
	r->attestation_cert = copy(der, len);
	r->attestation_cert_len = len;
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	SHA256(challenge, challenge_len, data + n);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[256];
	size_t sig_len = sizeof(sig);
	int ok = key != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, &sig_len, data, n + 32) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (!ok)
		return -1;
	free(r->signature);
	r->signature = copy(sig, sig_len);
	r->signature_len = sig_len;
	return 0;
}

static void store(uint32_t alg, uint8_t flags, const char *application, const uint8_t *secret)
{
	const char *path = getenv("FIDO_STORE");
	FILE *f = path == NULL ? NULL : fopen(path, "a");
	if (f == NULL)
		return;
	fprintf(f, "%u %u %s ", alg, flags, application);
	for (int i = 0; i < 32; i++)
		fprintf(f, "%02x", secret[i]);
	fputc('\n', f);
	fclose(f);
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
    const char *pin, struct sk_option **options, struct sk_enroll_response **out)
{
	uint8_t secret[32], public[65];
	(void)options;
	if (alg > 1 || (alg == 1 && getenv("FIDO_ECDSA_ONLY") != NULL))
		return UNSUPPORTED;
	if (pin_is_wrong(flags, pin))
		return PIN_REQUIRED;
	if (make_secret(secret) != 0)
		return GENERAL;
	EVP_PKEY *key = key_of(alg, secret);
	size_t len = key == NULL ? 0 : public_of(alg, key, public);
	EVP_PKEY_free(key);
	struct sk_enroll_response *r = calloc(1, sizeof(*r));
	if (len == 0 || r == NULL)
		return GENERAL;
	r->flags = flags;
	r->public_key = copy(public, len);
	r->public_key_len = len;
	r->key_handle = copy(secret, 32);
	r->key_handle_len = 32;
	if (attest(alg, challenge, challenge_len, application, flags, public, r) != 0)
		return GENERAL;
	if (flags & RESIDENT)
		store(alg, flags, application, secret);
	*out = r;
	return 0;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle,
    size_t handle_len, uint8_t flags, const char *pin, struct sk_option **options, struct sk_sign_response **out)
{
	static uint32_t counter = 41;
	const char *wait = getenv("FIDO_TOUCH_MS");
	uint8_t blob[69];
	(void)options;
	if (handle_len != 32)
		return GENERAL;
	if (pin_is_wrong(flags, pin))
		return PIN_REQUIRED;
	if (wait != NULL)
		usleep((useconds_t)atoi(wait) * 1000);
	struct sk_sign_response *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return GENERAL;
	r->flags = (getenv("FIDO_NO_TOUCH") ? 0 : PRESENT) | (flags & VERIFIED);
	r->counter = ++counter;
	SHA256((const uint8_t *)application, strlen(application), blob);
	blob[32] = r->flags;
	blob[33] = 0, blob[34] = 0, blob[35] = 0, blob[36] = (uint8_t)r->counter;
	SHA256(data, data_len, blob + 37);
	EVP_PKEY *key = key_of(alg, handle);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[256];
	size_t len = sizeof(sig);
	int ok = key != NULL && EVP_DigestSignInit(ctx, NULL, alg == 1 ? NULL : EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, blob, sizeof(blob)) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (!ok)
		return GENERAL;
	if (alg == 1) {
		r->sig_r = copy(sig, len);
		r->sig_r_len = len;
	} else {
		const uint8_t *p = sig;
		ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)len);
		const BIGNUM *a = ECDSA_SIG_get0_r(pair), *b = ECDSA_SIG_get0_s(pair);
		r->sig_r = malloc(32), r->sig_s = malloc(32);
		r->sig_r_len = (size_t)BN_bn2bin(a, r->sig_r);
		r->sig_s_len = (size_t)BN_bn2bin(b, r->sig_s);
		ECDSA_SIG_free(pair);
	}
	*out = r;
	return 0;
}

int sk_load_resident_keys(const char *pin, struct sk_option **options, struct sk_resident_key ***out, size_t *count)
{
	const char *path = getenv("FIDO_STORE");
	char line[512], application[256], hex[65];
	unsigned alg, flags;
	(void)options;
	*out = NULL;
	*count = 0;
	if (pin_is_wrong(VERIFIED, pin))
		return PIN_REQUIRED;
	FILE *f = path == NULL ? NULL : fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		uint8_t secret[32], public[65];
		if (sscanf(line, "%u %u %255s %64s", &alg, &flags, application, hex) != 4)
			continue;
		for (int i = 0; i < 32; i++) {
			unsigned byte = 0;
			sscanf(hex + 2 * i, "%2x", &byte);
			secret[i] = (uint8_t)byte;
		}
		struct sk_resident_key *r = calloc(1, sizeof(*r));
		EVP_PKEY *key = key_of(alg, secret);
		r->alg = alg;
		r->application = strdup(application);
		r->flags = r->key.flags = (uint8_t)flags;
		r->key.public_key_len = public_of(alg, key, public);
		r->key.public_key = copy(public, r->key.public_key_len);
		r->key.key_handle = copy(secret, 32);
		r->key.key_handle_len = 32;
		r->user_id = calloc(1, 32);
		r->user_id_len = 32;
		EVP_PKEY_free(key);
		*out = realloc(*out, (*count + 1) * sizeof(**out));
		(*out)[(*count)++] = r;
	}
	if (f != NULL)
		fclose(f);
	return 0;
}
