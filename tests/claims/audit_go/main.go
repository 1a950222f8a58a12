// Command audit_go verifies an exported audit log with Go's own transparency-log code (golang.org/x/mod/sumdb).
// Signature, hashing, tiles and proofs are Go's; this file only finds the files. Usage: audit_go FOLDER VKEY OLDER-CHECKPOINT-FILE
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder struct{ root string }

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// Go's paths name the height, C2SP's do not: tile/8/0/000 and tile/0/000.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(f.root, path))
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

func head(path string, verifier note.Verifier) (tree tlog.Tree, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, errors.New("not a checkpoint of this log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, errors.New("not a root")
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

func entries(root string, size int64) (all [][]byte, err error) {
	for number := int64(0); number*256 < size; number++ {
		tile := tlog.Tile{H: 8, L: 0, N: number, W: int(min(256, size-number*256))}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		for len(bundle) >= 2 {
			length := int(binary.BigEndian.Uint16(bundle))
			if len(bundle) < 2+length {
				return nil, errors.New("a bundle is cut")
			}
			all = append(all, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
	}
	return all, nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func verify(root, vkey, older string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	tree, err := head(filepath.Join(root, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	old, err := head(older, verifier)
	if err != nil {
		return err
	}
	// Every hash that this reader hands out was checked against the signed root.
	hashes := tlog.TileHashReader(tree, folder{root})
	all, err := entries(root, tree.N)
	if err != nil {
		return err
	}
	if int64(len(all)) != tree.N {
		return fmt.Errorf("%d entries of %d", len(all), tree.N)
	}
	for index, entry := range all {
		stored, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			return err
		}
		if stored[0] != tlog.RecordHash(entry) {
			return fmt.Errorf("entry %d is not the one that was signed", index)
		}
		if index%97 == 0 {
			proof, err := tlog.ProveRecord(tree.N, int64(index), hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), stored[0]); err != nil {
				return err
			}
		}
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: audit_go FOLDER VKEY OLDER-CHECKPOINT-FILE")
		os.Exit(2)
	}
	if err := verify(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("verified")
}
